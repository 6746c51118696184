"""Engines that run the Pulumi programs of infra/stacks: the official one, and the direct runner."""

from infra.engine.choice import select

__all__ = ["select"]
