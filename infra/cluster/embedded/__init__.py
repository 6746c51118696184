"""A Kubernetes node of our own, in namespaces of its own on this machine."""
