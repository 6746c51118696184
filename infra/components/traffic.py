"""Network policy pieces from the service graph: who may call a workload, and whom it may call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pulumi_kubernetes.networking.v1 import (
    NetworkPolicyEgressRuleArgsDict,
    NetworkPolicyIngressRuleArgsDict,
    NetworkPolicyPeerArgsDict,
    NetworkPolicyPortArgsDict,
)

from infra.graph.load import service_graph
from infra.graph.model import Outside, Port, Profile, Workload

NAMESPACE_LABEL = "kubernetes.io/metadata.name"


@dataclass(frozen=True, kw_only=True)
class Peer:
    """Pods of one namespace."""

    namespace: str
    labels: Mapping[str, str]

    def selector(self) -> NetworkPolicyPeerArgsDict:
        """As a policy names them."""
        return {
            "namespace_selector": {"match_labels": {NAMESPACE_LABEL: self.namespace}},
            "pod_selector": {"match_labels": dict(self.labels)},
        }


def callers(target: str, *, profile: Profile, port: str = "service") -> list[Peer]:
    """The pods that the service graph lets call a port of `target`."""
    graph = service_graph()
    found = [graph.workloads[name] for name in graph.callers(target, port, profile) if name in graph.workloads]
    return [_caller(workload, target) for workload in found]


def ingress(peers: Sequence[Peer], *, port: int) -> NetworkPolicyIngressRuleArgsDict:
    """A rule for `port` and these callers; raises ValueError without one, because it would let everybody in."""
    if not peers:
        raise ValueError(f"nobody calls port {port}: leave the rule out")
    return {"from_": [peer.selector() for peer in peers], "ports": [{"protocol": "TCP", "port": port}]}


def admitted(target: str, *, profile: Profile) -> list[NetworkPolicyIngressRuleArgsDict]:
    """A rule for each port of `target` that somebody calls.

    Who is no pod, as the API server, has an address that differs by cluster: such a port is open to everybody.
    """
    rules: list[NetworkPolicyIngressRuleArgsDict] = []
    for name, port in service_graph().workloads[target].ports.items():
        peers = callers(target, profile=profile, port=name)
        if _from_outside(target, name, profile):
            rules.append({"ports": _ports(port)})
        elif peers:
            rules.append({"from_": [peer.selector() for peer in peers], "ports": _ports(port)})
    return rules


def _from_outside(target: str, port: str, profile: Profile) -> bool:
    """Whether somebody calls it who is no pod; the node itself is let in by every network plug-in."""
    graph = service_graph()
    nodes = [graph.node(name) for name in graph.callers(target, port, profile)]
    return any(isinstance(node, Outside) and not node.on_node for node in nodes)


def egress(caller: str, *, profile: Profile) -> list[NetworkPolicyEgressRuleArgsDict]:
    """A rule for each call of `caller`; to what is no pod by port only, since its address differs by cluster."""
    graph = service_graph()
    rules: list[NetworkPolicyEgressRuleArgsDict] = []
    for call in graph.targets(caller, profile):
        ports = _ports(graph.node(call.to).ports[call.port])
        node = graph.node(call.to)
        rules.append(
            {"to": [_peer(node).selector()], "ports": ports} if isinstance(node, Workload) else {"ports": ports}
        )
    return rules


def _caller(workload: Workload, target: str) -> Peer:
    """Of what there is several all call, but for what the first alone does."""
    if workload.each and workload.each.instead_of != target:
        return Peer(namespace=workload.namespace, labels=workload.each.labels)
    return _peer(workload)


def _peer(workload: Workload) -> Peer:
    return Peer(namespace=workload.namespace, labels=workload.labels)


def _ports(port: Port) -> list[NetworkPolicyPortArgsDict]:
    return [{"protocol": transport, "port": number} for transport in port.transports for number in port.numbers]
