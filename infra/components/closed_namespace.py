"""What closes a namespace of the platform: no traffic but what the service graph has, and a bound on its memory."""

from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes.core.v1 import ResourceQuota
from pulumi_kubernetes.networking.v1 import NetworkPolicy

from infra.components.labels import COMMON
from infra.components.traffic import admitted, egress
from infra.graph.load import service_graph
from infra.graph.model import ORDER, Profile

# MiB for pods beside the namespace's own: a Job, whoever looks into it.
BESIDE = 1024


def quota(namespace: str, *, memory: int, opts: pulumi.ResourceOptions) -> ResourceQuota:
    """`memory` is what its own pods may have at once, in MiB; a pod without a limit is refused."""
    return ResourceQuota(
        f"{namespace}-quota",
        metadata=_metadata("bounds", namespace),
        spec={"hard": {"limits.memory": f"{memory + BESIDE}Mi", "pods": "50"}},
        opts=opts,
    )


@dataclass(frozen=True, kw_only=True)
class ClosedNamespaceArgs:
    """`memory` as `quota` has it; 0: the chart that fills the namespace brings a bound."""

    namespace: str
    profile: Profile
    memory: int = 0


class ClosedNamespace(pulumi.ComponentResource):
    """Default deny, and for each workload that the service graph has there its own policy; pods come after it."""

    namespace: pulumi.Output[str]

    def __init__(self, name: str, args: ClosedNamespaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:platform:ClosedNamespace", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        deny: Any = {"pod_selector": {}, "policy_types": ["Ingress", "Egress"]}
        made = _policy(f"{args.namespace}-default-deny", "default-deny", args.namespace, deny, child)
        for workload, node in service_graph().workloads.items():
            if node.namespace == args.namespace and ORDER.index(node.profile) <= ORDER.index(args.profile):
                spec: Any = {
                    "pod_selector": {"match_labels": dict(node.labels)},
                    "policy_types": ["Ingress", "Egress"],
                    "ingress": admitted(workload, profile=args.profile),
                    "egress": egress(workload, profile=args.profile),
                }
                _policy(f"{workload}-traffic", workload, args.namespace, spec, child)
        if args.memory:
            quota(args.namespace, memory=args.memory, opts=child)
        self.namespace = made.metadata["namespace"]
        self.register_outputs({"namespace": self.namespace})


def _policy(
    urn: str,
    name: str,
    namespace: str,
    spec: Any,  # noqa: ANN401 - mypy compares the SDK's typed dicts for 20 GB
    opts: pulumi.ResourceOptions,
) -> NetworkPolicy:
    return NetworkPolicy(urn, metadata=_metadata(name, namespace), spec=spec, opts=opts)


def _metadata(name: str, namespace: str) -> Any:  # noqa: ANN401 - as above
    return {"name": name, "namespace": namespace, "labels": COMMON}
