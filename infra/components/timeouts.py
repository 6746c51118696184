"""How long an engine waits for an object of a kind: one table, read by both engines from the annotation."""

from types import MappingProxyType

ANNOTATION = "pulumi.com/timeoutSeconds"
SKIP_AWAIT = "pulumi.com/skipAwait"

# Seconds. A cold node pulls no image (they are imported), so minutes mean that something is wrong.
SECONDS = MappingProxyType(
    {
        "Namespace": 120,  # deletion waits for everything in it
        "PersistentVolume": 60,
        "StatefulSet": 300,  # first start runs initdb
        "Job": 180,
        "Release": 600,  # migrations run inside
        "CustomResourceDefinition": 60,
        "ConstraintTemplate": 120,  # Gatekeeper compiles it and makes its kind
        "Gateway": 120,  # istiod makes its pods, which fetch their configuration
        "Constraint": 120,  # every pod of Gatekeeper reports that it judges by it
    }
)


def waits(kind: str) -> dict[str, str]:
    """Annotations of an object whose readiness somebody waits for."""
    return {ANNOTATION: str(SECONDS[kind])}


def never_waits() -> dict[str, str]:
    """Annotations of an object that is ready only through another one, such as a Service through its pods."""
    return {SKIP_AWAIT: "true"}
