"""Where things run: names shared by the stacks, written once."""

APP_NAMESPACE = "todo"
DATA_NAMESPACE = "data"
# Where policies hold, without exemption; what runs the platform itself is in namespaces of its own.
APP_NAMESPACES = (APP_NAMESPACE, DATA_NAMESPACE)
POLICY_NAMESPACE = "gatekeeper-system"
VAULT_NAMESPACE = "vault"
MESH_NAMESPACE = "istio-system"
GATEWAY_NAMESPACE = "gateway"
APP = "todo-app"
APP_SECRET = "todo-app"  # noqa: S105 - the name of a Secret
