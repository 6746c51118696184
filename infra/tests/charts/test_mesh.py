"""What the mesh is told: the declared requests and no other, by whom they are declared, and what lies outside it."""

import copy
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from infra.components import gateway_filters
from infra.graph.load import service_graph
from infra.graph.model import matches
from infra.tests.charts.helm import Manifest, one, scenario, template

GRAPH = service_graph()
CHART = [name for name, workload in GRAPH.workloads.items() if workload.stack == "delivery"]
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
# One address below every declared pattern, and some that nobody declared.
PATHS = sorted(
    {pattern.replace("*", "x/y") for call in GRAPH.calls for http in call.http for pattern in http.paths}
    | {"/api/v2/todos", "/metrics/x", "/admin", "/healthz/x", "//api/v1/todos", "/API/v1/todos"}
)
Question = tuple[str, str, int, str, str]  # caller, target, port, method, path


def policies(manifests: list[Manifest]) -> dict[str, dict[str, Any]]:
    """Component → spec of its AuthorizationPolicy."""
    found = [item["spec"] for item in manifests if item["kind"] == "AuthorizationPolicy"]
    named = {spec["selector"]["matchLabels"]["app.kubernetes.io/component"]: spec for spec in found}
    assert len(named) == len(found)
    return named


def principal(name: str) -> str:
    workload = GRAPH.workloads[name]
    return f"cluster.local/ns/{workload.namespace}/sa/{workload.account}"


def allows(spec: dict[str, Any], caller: str, port: int, method: str, path: str) -> bool:
    """As the mesh judges an ALLOW policy: one rule is enough, a field left out is any, no rule is nobody."""
    assert spec["action"] == "ALLOW"
    return any(
        any(caller in source["source"]["principals"] for source in rule["from"])
        and any(
            str(port) in each["operation"].get("ports", [str(port)])
            and method in each["operation"].get("methods", [method])
            and any(matches(pattern, path) for pattern in each["operation"].get("paths", ["/*"]))
            for each in rule["to"]
        )
        for rule in spec.get("rules", [])
    )


def declared(caller: str, target: str, port: int, method: str, path: str) -> bool:
    return any(
        name == caller
        and call.to == target
        and port in GRAPH.node(target).ports[call.port].numbers
        and (not call.http or any(http.allows(method, path) for http in call.http))
        for name, call in GRAPH.edges("full")
    )


def disagreements(specs: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Every pair of identities, port, method and path on which mesh and graph differ."""
    for question, wanted in expectations():
        caller, target, port, method, path = question
        verdict = allows(specs[target], principal(caller), port, method, path)
        if verdict is not wanted:
            yield f"{caller} {method} {target}:{port}{path}: {'allowed' if verdict else 'refused'}"


@cache
def expectations() -> list[tuple[Question, bool]]:
    """Each question with the graph's answer; who is declared to call nothing there is asked for one of each rule."""
    asked: list[Question] = []
    for target in CHART:
        rules = [http for _, call in GRAPH.edges("full") if call.to == target for http in call.http]
        one = sorted({(http.methods[0], http.paths[0].replace("*", "x")) for http in rules} | {("GET", "/healthz")})
        for caller in GRAPH.workloads:
            some = any(name == caller and call.to == target for name, call in GRAPH.edges("full"))
            requests = [(method, path) for method in METHODS for path in PATHS] if some else one
            asked += [(caller, target, port, *request) for port in (8000, 8001, 9999) for request in requests]
    return [(question, declared(*question)) for question in asked]


def test_without_a_mesh_it_is_told_nothing() -> None:
    assert {"AuthorizationPolicy", "ServiceEntry"} & {item["kind"] for item in template(scenario("default"))} == set()


def test_every_request_is_allowed_or_refused_as_declared() -> None:
    specs = policies(template(scenario("mesh")))

    assert set(specs) == {*CHART, "relay-s1"}
    assert specs["relay-s1"]["rules"] == specs["relay"]["rules"]
    assert list(disagreements(specs)) == []


@pytest.mark.parametrize("field", ["ports", "methods", "paths"])
def test_a_widened_policy_turns_it_red(field: str) -> None:
    specs = policies(template(scenario("mesh")))
    for index, rule in enumerate(specs["web"]["rules"]):
        for number in range(len(rule["to"])):
            broken = copy.deepcopy(specs)
            del broken["web"]["rules"][index]["to"][number]["operation"][field]
            assert any(disagreements(broken)), f"{rule['from']} {number} without {field}"


def test_a_caller_more_or_a_rule_less_turns_it_red() -> None:
    specs = policies(template(scenario("mesh")))
    more, less = copy.deepcopy(specs), copy.deepcopy(specs)
    more["relay"]["rules"][0]["from"][0]["source"]["principals"].append(principal("web"))
    less["relay"]["rules"] = []

    assert any(disagreements(more))
    assert any(disagreements(less))


def test_what_lies_outside_is_known_by_name_and_only_here() -> None:
    entries = [item["spec"] for item in template(scenario("mesh")) if item["kind"] == "ServiceEntry"]

    assert {(spec["hosts"][0], spec["ports"][0]["number"], spec["ports"][0]["protocol"]) for spec in entries} == {
        ("db.example.com", 5432, "TCP"),
        ("db1.example.com", 5432, "TCP"),
        ("id.example.com", 443, "TLS"),
        ("keys.example.com", 8443, "TLS"),
    }
    for spec in entries:
        assert (spec["exportTo"], spec["location"], spec["resolution"]) == (["."], "MESH_EXTERNAL", "DNS")


def test_backends_inside_have_no_entry() -> None:
    manifests = template({**scenario("default"), "mesh": {"enabled": True}})

    assert [item for item in manifests if item["kind"] == "ServiceEntry"] == []


def test_a_port_without_any_caller_has_no_rule_that_would_let_everybody_in() -> None:
    nobody: dict[str, Any] = {"http": {"cidrs": []}, "metrics": {"namespaces": []}}
    manifests = template({**scenario("no-tests"), "networkPolicy": nobody})
    (web,) = [
        item for item in manifests if item["kind"] == "NetworkPolicy" and item["metadata"]["name"].endswith("-web")
    ]

    assert "ingress" not in web["spec"]
    assert web["spec"]["policyTypes"] == ["Ingress", "Egress"]


def test_between_pods_and_at_the_gateway_the_same_is_asked_again() -> None:
    reads, writes = one(template(scenario("mesh")), "VirtualService", "todo-app-web")["spec"]["http"]

    [match] = reads["match"]
    asked = {f"{name} = true" for name in match["method"]["regex"].split("|")}
    assert asked == set(re.findall(r"\w+ = true", gateway_filters.READS))
    assert reads["retries"] == {"attempts": gateway_filters.RETRIES, "retryOn": gateway_filters.RETRY_ON}
    assert "match" not in writes
    assert writes["retries"] == {"attempts": 0}
