"""The cluster under Slipway: one of our own (`embedded`) or one named in a kubeconfig (`context:<name>`)."""

from infra.cluster.api import Cluster, ClusterInfo, Component, NodeImages
from infra.lib.errors import Exit, SlipwayError
from infra.lib.paths import Instance

__all__ = ["Cluster", "ClusterInfo", "Component", "NodeImages", "select"]


def select(choice: str, instance: Instance) -> Cluster:
    """The cluster that CLUSTER=`choice` names; nothing is started or contacted yet."""
    # Imported here because the node's supervisor lives below this package and must stay small.
    if choice == "embedded":
        from infra.cluster.embedded.cluster import EmbeddedCluster  # noqa: PLC0415 - see above

        return EmbeddedCluster(instance)
    kind, _, name = choice.partition(":")
    if kind == "context" and name:
        from infra.cluster.context import ContextCluster  # noqa: PLC0415 - see above

        return ContextCluster(instance, name=name)
    raise SlipwayError(
        f"CLUSTER={choice!r} names no cluster: want 'embedded' or 'context:<name of a kubeconfig context>'",
        hint="make up   # CLUSTER=embedded, or make up CLUSTER=context:<name>",
        code=Exit.BAD_INPUT,
    )
