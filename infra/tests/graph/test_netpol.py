"""The judge of policies itself: each rule of the API it relies on."""

from typing import Any

import pytest

from infra.tests.graph.netpol import Place, Policies, Policy, allowed

WEB = Place(name="web", namespace="todo", address="10.244.0.1", labels={"app": "web"}, ports={"http": 8000})
DATABASE = Place(name="database", namespace="data", address="10.244.0.2", labels={"app": "database"})
FAR = Place(name="far", address="192.0.2.1")


def ingress(*rules: dict[str, Any]) -> Policy:
    return Policy("data", {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": list(rules)})


def egress(*rules: dict[str, Any]) -> Policy:
    return Policy("todo", {"podSelector": {}, "policyTypes": ["Egress"], "egress": list(rules)})


APP = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "todo"}}}
WITHIN = {"podSelector": {"matchLabels": {"app": "web"}}}
TCP = {"protocol": "TCP", "port": 5432}


@pytest.mark.parametrize(
    ("policies", "verdict"),
    [
        ([], True),
        ([ingress()], False),
        ([egress()], False),
        ([ingress({})], True),
        ([ingress({"from": []})], True),  # an empty list of peers is everybody
        ([ingress({"from": [APP]})], True),
        ([ingress({"from": [WITHIN]})], False),  # pods of the policy's own namespace only
        ([ingress({"from": [{**APP, **WITHIN}]})], True),
        ([ingress({"from": [{**APP, "podSelector": {"matchLabels": {"app": "other"}}}]})], False),
        ([ingress({"from": [APP], "ports": [TCP]})], True),
        ([ingress({"from": [APP], "ports": [{**TCP, "port": 5433}]})], False),
        ([ingress({"from": [APP], "ports": [{**TCP, "protocol": "UDP"}]})], False),
        ([ingress(), ingress({"from": [APP]})], True),  # policies add up
        ([ingress({"from": [APP]}), egress()], False),  # both ends must agree
        ([ingress({"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]})], True),
        ([ingress({"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.244.0.0/16"]}}]})], False),
        ([Policy("data", {"podSelector": {"matchLabels": {"app": "x"}}, "policyTypes": ["Ingress"]})], True),
        ([Policy("data", {"podSelector": {}, "policyTypes": ["Egress"]})], True),
    ],
)
def test_a_connection_is_judged_as_the_api_says(policies: list[Policy], verdict: bool) -> None:
    assert allowed(Policies(policies), source=WEB, target=DATABASE, port=5432) is verdict


def test_a_named_port_is_the_targets_own() -> None:
    policy = Policy("todo", {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"ports": [{"port": "http"}]}]})

    assert allowed(Policies([policy]), source=DATABASE, target=WEB, port=8000)
    assert not allowed(Policies([policy]), source=DATABASE, target=WEB, port=8001)


def test_an_address_outside_is_matched_by_a_block_only() -> None:
    assert allowed(
        Policies([egress({"to": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]})]), source=WEB, target=FAR, port=443
    )
    assert not allowed(Policies([egress({"to": [APP]})]), source=WEB, target=FAR, port=443)
    assert not allowed(Policies([egress({"to": [{"podSelector": {}}]})]), source=WEB, target=FAR, port=443)


def test_what_it_does_not_understand_is_refused() -> None:
    with pytest.raises(AssertionError, match="cannot judge"):
        allowed(Policies([ingress({"ports": [{"port": 1, "endPort": 9}]})]), source=WEB, target=DATABASE, port=5)
