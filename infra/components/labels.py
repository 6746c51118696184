"""The names Slipway writes on objects: recommended labels, and annotations that state a reason."""

PART_OF = "todo-app"
MANAGER = "slipway"
# Of what belongs to no one workload.
COMMON = {"app.kubernetes.io/part-of": PART_OF, "app.kubernetes.io/managed-by": MANAGER}

# A check that an object does not satisfy on purpose is answered on the object itself.
REASON_NO_BUDGET = "slipway.local/reason-no-disruption-budget"
REASON_API_TOKEN = "slipway.local/reason-api-token"  # noqa: S105 - the name of an annotation
CHECKSUM = "slipway.local/checksum-config"


def selector(*, name: str) -> dict[str, str]:
    """The labels that select the pods of one workload and of no other."""
    return {"app.kubernetes.io/name": name, "app.kubernetes.io/instance": name}


def labels(*, name: str, component: str) -> dict[str, str]:
    """The recommended labels of everything that belongs to one workload."""
    return {
        **selector(name=name),
        "app.kubernetes.io/component": component,
        **COMMON,
    }
