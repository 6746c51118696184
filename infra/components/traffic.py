"""Network policy pieces: who may talk to whom, written as peers and ports."""

from collections.abc import Mapping, Sequence

from pulumi_kubernetes.networking.v1 import (
    NetworkPolicyEgressRuleArgsDict,
    NetworkPolicyIngressRuleArgsDict,
    NetworkPolicyPortArgsDict,
)

NAMESPACE_LABEL = "kubernetes.io/metadata.name"


def tcp(*ports: int) -> list[NetworkPolicyPortArgsDict]:
    """TCP ports of a rule."""
    return [{"protocol": "TCP", "port": port} for port in ports]


def from_pods(*, namespace: str, selectors: Sequence[Mapping[str, str]], port: int) -> NetworkPolicyIngressRuleArgsDict:
    """Ingress to `port` from the named pods of one namespace."""
    return {
        "from_": [
            {
                "namespace_selector": {"match_labels": {NAMESPACE_LABEL: namespace}},
                "pod_selector": {"match_labels": dict(selector)},
            }
            for selector in selectors
        ],
        "ports": tcp(port),
    }


def to_dns() -> NetworkPolicyEgressRuleArgsDict:
    """Egress to the cluster's name service."""
    return {
        "to": [
            {
                "namespace_selector": {"match_labels": {NAMESPACE_LABEL: "kube-system"}},
                "pod_selector": {"match_labels": {"k8s-app": "kube-dns"}},
            }
        ],
        # A policy sees the pod's port, behind the Service's 53: ours listens on 5353 to run without privilege.
        "ports": [{"protocol": "UDP", "port": 53}, {"protocol": "UDP", "port": 5353}, *tcp(53, 5353)],
    }


def to_api_server() -> NetworkPolicyEgressRuleArgsDict:
    """Egress to the API server: it is no pod and its address differs by cluster, so by port only."""
    return {"ports": tcp(443, 6443)}
