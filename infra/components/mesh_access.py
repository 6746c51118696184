"""Who may call a workload in the mesh, from the service graph: what the chart has for the app, for what is no app."""

from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from infra.components.labels import COMMON
from infra.components.mesh import TRUST_DOMAIN
from infra.graph.load import service_graph
from infra.graph.model import Workload

# A pod with it is injected, and one that was made without it rolls: existing pods get no sidecar.
INJECTED = {"sidecar.istio.io/inject": "true"}


@dataclass(frozen=True, kw_only=True)
class MeshAccessArgs:
    """A workload of the service graph."""

    workload: str


class MeshAccess(pulumi.ComponentResource):
    """Its callers by identity, and how long they try to reach it."""

    policy: pulumi.Output[str]

    def __init__(self, name: str, args: MeshAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:data:MeshAccess", name, None, opts)
        workload = args.workload
        node = service_graph().workloads[workload]
        child = pulumi.ResourceOptions(parent=self)
        callers = CustomResource(
            f"{workload}-callers",
            api_version="security.istio.io/v1",
            kind="AuthorizationPolicy",
            metadata={"name": workload, "namespace": node.namespace, "labels": COMMON},
            spec={"selector": {"matchLabels": dict(node.labels)}, "action": "ALLOW", "rules": rules(workload)},
            opts=child,
        )
        CustomResource(
            f"{workload}-connections",
            api_version="networking.istio.io/v1",
            kind="DestinationRule",
            metadata={"name": workload, "namespace": node.namespace, "labels": COMMON},
            spec={
                "host": f"{node.service}.{node.namespace}.svc.cluster.local",
                "trafficPolicy": {
                    "connectionPool": {
                        "tcp": {"connectTimeout": "3s", "tcpKeepalive": {"time": "60s", "interval": "15s"}}
                    }
                },
            },
            opts=child,
        )
        self.policy = callers.id
        self.register_outputs({"policy": self.policy})


def rules(workload: str) -> list[dict[str, Any]]:
    """One rule for each caller; a workload nobody calls has none, which refuses everybody."""
    graph = service_graph()
    made = []
    for caller, call in graph.edges("full"):
        who = graph.node(caller)
        if call.to == workload and isinstance(who, Workload):
            ports = [str(number) for number in graph.node(workload).ports[call.port].numbers]
            source = {"principals": [f"{TRUST_DOMAIN}/ns/{who.namespace}/sa/{who.account}"]}
            made.append({"from": [{"source": source}], "to": [{"operation": {"ports": ports}}]})
    return made
