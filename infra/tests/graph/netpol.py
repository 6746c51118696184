"""What NetworkPolicies allow, judged as the API documents them (https://kubernetes.io/docs/concepts/services-networking/network-policies/).

An address block is taken to hold pods too: network plug-ins differ there, and a verdict must not be milder than any.
"""

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.components.traffic import NAMESPACE_LABEL
from infra.tests.stacks.objects import matches

# Policy type → where its rules are, and where a rule's peers are.
SIDES = {"Egress": ("egress", "to"), "Ingress": ("ingress", "from")}


@dataclass(frozen=True, kw_only=True)
class Place:
    """A pod, or with an empty namespace an address outside the cluster."""

    name: str
    address: str
    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    ports: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Policy:
    """Namespace and spec of one NetworkPolicy."""

    namespace: str
    spec: Mapping[str, Any]


class Policies:
    """All policies of a cluster, and which of them select a place."""

    def __init__(self, policies: Iterable[Policy]) -> None:
        self._policies = list(policies)
        self._known: dict[tuple[str, str], list[Mapping[str, Any]]] = {}

    def on(self, place: Place, direction: str) -> list[Mapping[str, Any]]:
        """Those that bound its Ingress or Egress; what none bounds may do everything."""
        key = (f"{place.namespace}/{place.name}", direction)
        if key not in self._known:
            self._known[key] = [policy.spec for policy in self._policies if _isolates(policy, place, direction)]
        return self._known[key]


def allowed(policies: Policies, *, source: Place, target: Place, port: int, transport: str = "TCP") -> bool:
    """Whether `source` may open a connection: its own policies let it out and the target's let it in."""
    ends = {"source": source, "target": target}
    return all(passes(policies, side, **ends, port=port, transport=transport) for side in SIDES)


def passes(policies: Policies, side: str, *, source: Place, target: Place, port: int, transport: str = "TCP") -> bool:
    """The verdict of one end, as if the other had no policy."""
    own, other = (source, target) if side == "Egress" else (target, source)
    rules, peers = SIDES[side]
    bounds = policies.on(own, side)
    return not bounds or any(
        _to(rule.get(peers), own=own, other=other) and _on(rule.get("ports"), target, port, transport)
        for spec in bounds
        for rule in spec.get(rules) or []
    )


def _isolates(policy: Policy, place: Place, direction: str) -> bool:
    return (
        bool(place.namespace)
        and policy.namespace == place.namespace
        and direction in policy.spec["policyTypes"]
        and matches(policy.spec["podSelector"], place.labels)
    )


def _to(peers: list[Mapping[str, Any]] | None, *, own: Place, other: Place) -> bool:
    """A rule without peers names everybody."""
    return not peers or any(_is(peer, own, other) for peer in peers)


def _on(ports: list[Mapping[str, Any]] | None, target: Place, number: int, transport: str) -> bool:
    """A rule without ports names all of them."""
    return not ports or any(_port(each, target, number, transport) for each in ports)


def _is(peer: Mapping[str, Any], own: Place, other: Place) -> bool:
    assert set(peer) <= {"ipBlock", "namespaceSelector", "podSelector"}, f"cannot judge {peer}"
    if block := peer.get("ipBlock"):
        address = ipaddress.ip_address(other.address)
        if any(address in ipaddress.ip_network(each) for each in block.get("except", [])):
            return False
        return address in ipaddress.ip_network(block["cidr"])
    if not other.namespace:
        return False
    if (spaces := peer.get("namespaceSelector")) is None:
        if other.namespace != own.namespace:
            return False
    elif not matches(spaces, {NAMESPACE_LABEL: other.namespace}):
        return False
    return matches(peer.get("podSelector", {}), other.labels)


def _port(rule: Mapping[str, Any], target: Place, number: int, transport: str) -> bool:
    assert set(rule) <= {"protocol", "port"}, f"cannot judge {rule}"
    wanted = rule.get("port")
    named = target.ports.get(wanted) if isinstance(wanted, str) else wanted
    return rule.get("protocol", "TCP") == transport and (wanted is None or named == number)
