"""Production protects what holds data; the way round it is a setting that leaves a line in the log."""

import pulumi

from infra.settings.base import Environment


def protects(*, env: Environment, allow_unprotected: bool) -> bool:
    """Whether stateful resources are protected against deletion; the escape is logged."""
    if env is not Environment.PRODUCTION:
        return False
    if allow_unprotected:
        pulumi.log.warn("allow_unprotected is set: namespaces, volumes and databases of production can be deleted")
    return not allow_unprotected
