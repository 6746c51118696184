"""Commands for hints that can be typed in the checkout on a machine with nothing else on it."""

from infra.lib.paths import Instance

DEFAULT = "slipway"
PROGRAM = ".venv/bin/slipway"


def kubectl(instance: Instance, words: str) -> str:
    """kubectl on an embedded instance."""
    chosen = "" if instance.name == DEFAULT else f"SLIPWAY_INSTANCE={instance.name} "
    return f"{chosen}{PROGRAM} kubectl {words}"


def make(instance: Instance, words: str) -> str:
    """A target of the Makefile for an embedded instance."""
    chosen = "" if instance.name == DEFAULT else f"SLIPWAY_INSTANCE={instance.name} "
    return f"{chosen}make {words}"
