"""In profile full the API server keeps app namespaces and their pods in the mesh; R36-mesh tries the rules live."""

from typing import Any

import pytest

from infra.components import mesh_guard
from infra.components.places import APP_NAMESPACES
from infra.tests.stacks.whole import ENVIRONMENTS, evaluate


def guards(profile: str, env: str = "local") -> dict[str, dict[str, Any]]:
    found = evaluate(env, profile)["platform"].objects()
    return {item.name: item.inputs["spec"] for item in found if item.type.endswith(":ValidatingAdmissionPolicy")}


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_full_keeps_namespaces_and_pods_in_the_mesh_and_a_smaller_profile_does_not(env: str) -> None:
    names = {mesh_guard.MEMBER, mesh_guard.SIDECAR}

    assert names <= guards("full", env).keys()
    assert not names & guards("standard", env).keys()


def test_they_fail_closed_for_app_namespaces_by_their_names() -> None:
    found = guards("full")
    member, sidecar = found[mesh_guard.MEMBER], found[mesh_guard.SIDECAR]
    [only] = sidecar["matchConstraints"]["namespaceSelector"]["matchExpressions"]

    assert (member["failurePolicy"], sidecar["failurePolicy"]) == ("Fail", "Fail")
    assert member["matchConstraints"]["resourceRules"][0]["resourceNames"] == list(APP_NAMESPACES)
    assert only == {"key": "kubernetes.io/metadata.name", "operator": "In", "values": list(APP_NAMESPACES)}


def test_a_namespaces_label_is_guarded_on_every_way_that_changes_labels() -> None:
    [rule] = mesh_guard.member_spec(APP_NAMESPACES)["match_constraints"]["resource_rules"]

    assert set(rule["resources"]) == {"namespaces", "namespaces/status", "namespaces/finalize"}
    assert set(rule["operations"]) == {"CREATE", "UPDATE"}


@pytest.mark.parametrize(
    ("image", "repository"),
    [
        ("slipway.local/istio-proxy:0123456789ab", "slipway.local/istio-proxy"),
        ("registry:5000/istio/proxyv2:1.31@sha256:00", "registry:5000/istio/proxyv2"),
        ("registry:5000/istio/proxyv2", "registry:5000/istio/proxyv2"),
    ],
)
def test_any_version_of_the_proxy_is_one_and_nothing_that_begins_like_it(image: str, repository: str) -> None:
    spec = mesh_guard.sidecar_spec(APP_NAMESPACES, image)

    assert f"'{repository}:'" in spec["variables"][0]["expression"]
    assert f"'{repository}@'" in spec["variables"][0]["expression"]


def test_there_is_a_binding_for_each_that_denies() -> None:
    found = evaluate("local", "full")["platform"].objects()
    bindings = {
        item.name: item.inputs["spec"]
        for item in found
        if item.type.endswith(":ValidatingAdmissionPolicyBinding")
        and item.name in (mesh_guard.MEMBER, mesh_guard.SIDECAR)
    }

    assert {name: spec["policyName"] for name, spec in bindings.items()} == {name: name for name in bindings}
    assert [spec["validationActions"] for spec in bindings.values()] == [["Deny"], ["Deny"]]
