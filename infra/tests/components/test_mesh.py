"""The mesh can shut app namespaces and nobody else (N17); what it tells proxies suits Envoy's own release."""

from typing import Any

import pytest

from infra.components import mesh_access, mesh_sidecars
from infra.components.mesh import GATEWAY_VERSION, mesh_config
from infra.components.mesh_sidecars import NodePluginArgs, node_values
from infra.components.places import APP_NAMESPACES
from infra.graph.load import service_graph
from infra.graph.model import Profile
from infra.lib import gomodule
from infra.lib.paths import REPOSITORY
from infra.tests.stacks.objects import world
from infra.tests.stacks.whole import evaluate


def platform(profile: str) -> list[Any]:
    return list(evaluate("local", profile)["platform"].objects())


def of_kind(profile: str, kind: str) -> list[dict[str, Any]]:
    return [{"name": item.name, **item.inputs} for item in platform(profile) if item.type.endswith(f":{kind}")]


@pytest.mark.parametrize("kind", ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"])
def test_what_fails_closed_is_for_app_namespaces_by_their_names(kind: str) -> None:
    [made] = of_kind("full", kind)
    [hook] = [each for each in made["webhooks"] if each["failurePolicy"] != "Ignore"]
    [only] = hook["namespaceSelector"]["matchExpressions"]

    assert hook["failurePolicy"] == "Fail"
    assert all(each["timeoutSeconds"] <= 5 for each in made["webhooks"])
    assert only == {"key": "kubernetes.io/metadata.name", "operator": "In", "values": list(APP_NAMESPACES)}
    assert made["metadata"]["labels"]["istio.io/rev"] == "default", "istiod would not look after its caBundle"


def test_vaults_pod_gets_the_sidecar_it_asks_for_and_starts_without_istiod_too() -> None:
    [made] = of_kind("full", "MutatingWebhookConfiguration")
    [hook] = [each for each in made["webhooks"] if each["name"].startswith("callers.")]
    [vault] = [item for item in of_kind("full", "StatefulSet") if item["name"] == "vault"]

    assert hook["failurePolicy"] == "Ignore"
    assert hook["namespaceSelector"]["matchExpressions"][0]["values"] == ["vault"]
    labels = vault["spec"]["template"]["metadata"]["labels"]
    assert hook["objectSelector"]["matchLabels"].items() <= labels.items()


def test_standard_has_istiod_and_nothing_that_injects_or_shuts() -> None:
    assert of_kind("standard", "MutatingWebhookConfiguration") == []
    assert of_kind("standard", "PeerAuthentication") == []
    assert "istiod" in [item["name"] for item in of_kind("standard", "Release")]


def test_full_is_strict_everywhere_and_refuses_by_default_in_each_app_namespace() -> None:
    [strict] = of_kind("full", "PeerAuthentication")
    refusing = [item for item in of_kind("full", "AuthorizationPolicy") if not item.get("spec")]

    assert (strict["metadata"]["namespace"], strict["spec"]) == ("istio-system", {"mtls": {"mode": "STRICT"}})
    assert {item["metadata"]["namespace"] for item in refusing} >= set(APP_NAMESPACES)


@pytest.mark.parametrize("profile", ["standard", "full"])
def test_istiod_tells_nobody_in_plain_text_what_proxies_do(profile: Profile) -> None:
    """Without an address for it istiod answers XDS at the port of its health: it keeps one, for itself."""
    [deployment] = [item for item in world("local", profile) if item.key == "Deployment/istio-system/istiod"]
    [box] = deployment.containers
    env = {entry["name"]: entry.get("value") for entry in box["env"]}

    assert "--grpcAddr=127.0.0.1:15010" in box["args"]
    assert "--profile=false" in box["args"]
    assert env["ENABLE_DEBUG_ON_HTTP"] == "false"


@pytest.mark.parametrize(
    ("profile", "open_to_all", "named"), [("standard", set(), {15012, 15014}), ("full", {15017}, {15012, 15014})]
)
def test_istiods_ports_are_for_whom_the_graph_names(profile: Profile, open_to_all: set[int], named: set[int]) -> None:
    """What asks its webhook is the API server, whose address differs by cluster; who may be injected, it says."""
    [policy] = [item for item in world("local", profile) if item.key == "NetworkPolicy/istio-system/istiod"]
    rules = {(port["port"], bool(rule.get("from"))) for rule in policy.spec["ingress"] for port in rule["ports"]}

    assert {port for port, peers in rules if not peers} == open_to_all
    assert {port for port, peers in rules if peers} == named


def test_gatekeeper_is_asked_by_the_api_server_and_calls_it_alone() -> None:
    [policy] = [item for item in world("local", "full") if item.key == "NetworkPolicy/gatekeeper-system/gatekeeper"]

    assert [port["port"] for rule in policy.spec["ingress"] if "from" not in rule for port in rule["ports"]] == [8443]
    assert [port["port"] for rule in policy.spec["egress"] for port in rule["ports"]] == [443, 6443]


def test_a_workload_is_called_by_those_the_graph_declares() -> None:
    callers = {name for name, call in service_graph().edges("full") if call.to == "redis"}
    found = [rule["from"][0]["source"]["principals"] for rule in mesh_access.rules("redis")]

    assert found == [["cluster.local/ns/todo/sa/todo-app-web"]]
    assert callers == {"web"}


def test_nobody_is_asked_again_or_let_out_unless_somebody_says_so() -> None:
    found = mesh_config()

    assert found["outboundTrafficPolicy"] == {"mode": "REGISTRY_ONLY"}
    assert found["defaultHttpRetryPolicy"] == {"attempts": 0}
    assert found["pathNormalization"] == {"normalization": "DECODE_AND_MERGE_SLASHES"}


def test_the_node_plugin_leaves_no_member_out_and_repairs_in_place() -> None:
    found = node_values(NodePluginArgs(image="i/x:1", chart="", programs="/p", config="/c"), APP_NAMESPACES)

    assert not set(found["excludeNamespaces"]) & set(APP_NAMESPACES)
    assert found["repair"] == {"enabled": True, "repairPods": True}
    assert mesh_sidecars.NODE_NAMESPACE not in APP_NAMESPACES


def test_the_published_kinds_are_of_the_module_that_is_built() -> None:
    version, _ = gomodule.pinned(REPOSITORY / "infra" / "go" / "istio", "sigs.k8s.io/gateway-api")

    assert version == f"v{GATEWAY_VERSION}"
