"""A namespace with an owner, Pod Security `restricted`, bounds on what it uses, and no traffic until allowed."""

from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core.v1 import LimitRange, Namespace, ResourceQuota
from pulumi_kubernetes.networking.v1 import NetworkPolicy

from infra.components import timeouts
from infra.components.labels import COMMON


@dataclass(frozen=True, kw_only=True)
class AppNamespaceArgs:
    """`quota_memory` bounds the sum of memory limits, `quota_cpu` that of CPU requests.

    `defaults`: a container without figures gets small ones. Off where a policy refuses such a container: the
    API server would give them before the policy is asked. `meshed`: pods get a sidecar.
    """

    owner: str
    environment: str
    quota_cpu: str
    quota_memory: str
    quota_pods: int
    protect: bool
    defaults: bool = True
    meshed: bool = False


class AppNamespace(pulumi.ComponentResource):
    """Everything put into `name` waits for all of it, so that no pod starts before its bounds exist."""

    name: pulumi.Output[str]

    def __init__(self, name: str, args: AppNamespaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:kube:AppNamespace", name, None, opts)
        labels = {
            **COMMON,
            "slipway.local/owner": args.owner,
            "slipway.local/environment": args.environment,
        }
        namespace = Namespace(
            name,
            metadata={
                "name": name,
                "labels": {
                    **labels,
                    "pod-security.kubernetes.io/enforce": "restricted",
                    "pod-security.kubernetes.io/warn": "restricted",
                    "pod-security.kubernetes.io/audit": "restricted",
                    **({"istio-injection": "enabled"} if args.meshed else {}),
                },
                "annotations": timeouts.waits("Namespace"),
            },
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        child = pulumi.ResourceOptions(parent=self, depends_on=[namespace])
        ResourceQuota(
            f"{name}-quota",
            metadata={"name": "bounds", "namespace": name, "labels": labels},
            spec={
                "hard": {
                    "requests.cpu": args.quota_cpu,
                    "limits.memory": args.quota_memory,
                    "pods": str(args.quota_pods),
                    "services.nodeports": "0",
                    "services.loadbalancers": "0",
                }
            },
            opts=child,
        )
        if args.defaults:
            _figures(name, labels, child)
        NetworkPolicy(
            f"{name}-default-deny",
            metadata={"name": "default-deny", "namespace": name, "labels": labels},
            spec={"pod_selector": {}, "policy_types": ["Ingress", "Egress"]},
            opts=child,
        )
        self.name = namespace.metadata["name"]
        self.register_outputs({"name": self.name})


def _figures(namespace: str, labels: dict[str, str], opts: pulumi.ResourceOptions) -> None:
    """A pod without figures of its own would be refused by the quota: it gets small ones instead."""
    LimitRange(
        f"{namespace}-defaults",
        metadata={"name": "defaults", "namespace": namespace, "labels": labels},
        spec={
            "limits": [
                {
                    "type": "Container",
                    "default_request": {"cpu": "10m", "memory": "32Mi"},
                    "default": {"cpu": "500m", "memory": "128Mi"},
                }
            ]
        },
        opts=opts,
    )
