"""Engines that run the Pulumi programs of infra/stacks: the official one, and the direct runner."""
