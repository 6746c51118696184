"""The gateway: https for the app's routes, pods that keep to Pod Security `restricted`, refusals before listeners."""

import json
from typing import Any

import pulumi
import pytest
from pydantic import ValidationError

from infra.components import gateway_contract, gateway_filters, gateway_objects
from infra.components.gateway import Gateway
from infra.components.gateway_certificate import AUTHORITY, CERTIFICATE
from infra.components.gateway_objects import GatewayArgs
from infra.components.places import APP_NAMESPACE
from infra.graph.load import service_graph
from infra.settings.gateway import WithGateway
from infra.settings.platform import PlatformSettings
from infra.tests.stacks.recording import Recorded, record
from infra.tests.stacks.whole import IMAGES


def settings(**given: Any) -> PlatformSettings:  # noqa: ANN401 - any setting
    return PlatformSettings.model_validate(
        {"env": "local", "profile": "standard", "images": IMAGES, "vault_seal": "transit", **given}
    )


def args(**given: Any) -> GatewayArgs:  # noqa: ANN401 - any setting
    return GatewayArgs.of(settings(**given))


def recorded(**given: Any) -> Recorded:  # noqa: ANN401 - any setting
    def program() -> None:
        pulumi.export("address", Gateway("gateway", args(**given)).address)

    return record(program)


def values(**given: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - any setting
    """What the patches carry, in their order."""
    return [each["patch"]["value"] for each in gateway_objects.patches(args(**given).limits)]


def named(name: str, **given: Any) -> dict[str, Any]:  # noqa: ANN401 - any setting
    [found] = [each["typed_config"] for each in values(**given) if each["name"] == name]
    return dict(found)


def test_https_is_for_routes_of_the_app_and_http_for_the_redirect_alone() -> None:
    made = recorded()
    https, http = made.get("Gateway", "gateway").inputs["spec"]["listeners"]

    assert (https["port"], https["protocol"], https["tls"]["mode"]) == (443, "HTTPS", "Terminate")
    assert https["tls"]["certificateRefs"] == [{"kind": "Secret", "name": CERTIFICATE}]
    [where] = https["allowedRoutes"]["namespaces"]["selector"]["matchExpressions"]
    assert (where["key"], where["values"]) == ("kubernetes.io/metadata.name", [APP_NAMESPACE])
    assert http["allowedRoutes"] == {"namespaces": {"from": "Same"}}
    route = made.get("HTTPRoute", "to-https").inputs["spec"]
    assert route["parentRefs"] == [{"name": "gateway", "sectionName": "http"}]
    [rule] = route["rules"]
    assert rule["filters"][0]["requestRedirect"] == {"scheme": "https", "port": 443, "statusCode": 301}


def test_nothing_listens_before_it_refuses() -> None:
    made = recorded()
    gateway = made.get("Gateway", "gateway")
    before = {item.name for item in made.objects() if item.urn in gateway.depends_on}

    assert before >= {"gateway-envoyfilter", "gateway-requestauthentication", "issuer-destinationrule", "gateway-pod"}


def test_a_users_certificate_is_taken_and_none_is_made() -> None:
    made = recorded(gateway_certificate="todo-tls")

    [https, _] = made.get("Gateway", "gateway").inputs["spec"]["listeners"]
    assert https["tls"]["certificateRefs"] == [{"kind": "Secret", "name": "todo-tls"}]
    assert [item.name for item in made.objects() if item.type.endswith(":Job")] == []


def test_the_job_may_touch_two_secrets_and_no_program_sees_a_key() -> None:
    made = recorded()
    rules = made.get("Role", "gateway-certificate").inputs["rules"]

    assert rules[0] == {"apiGroups": [""], "resources": ["secrets"], "verbs": ["create"]}
    assert (rules[1]["resourceNames"], rules[1]["verbs"]) == ([CERTIFICATE, AUTHORITY], ["get", "patch"])
    assert "Secret" not in {item.type.rpartition(":")[2] for item in made.objects()}
    assert made.outputs == {"address": "gateway-istio.gateway.svc"}


def test_the_pods_keep_to_pod_security_restricted() -> None:
    shape = {key: json.loads(text) for key, text in recorded().get("ConfigMap", "gateway-pod").inputs["data"].items()}
    pod = shape["deployment"]["spec"]["template"]["spec"]

    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert set(pod["containers"][0]["resources"]) == {"requests", "limits"}
    assert shape["podDisruptionBudget"] == {"spec": {"maxUnavailable": 1}}
    strategy = shape["deployment"]["spec"]["strategy"]["rollingUpdate"]
    assert strategy == {"maxSurge": 1, "maxUnavailable": 0}, "a single pod would leave a gap"


def test_its_network_policy_is_what_the_service_graph_has() -> None:
    spec = recorded().get("NetworkPolicy", "gateway").inputs["spec"]
    graph = service_graph()

    [ingress] = spec["ingress"]
    assert {each["port"] for each in ingress["ports"]} == {443, 80}
    assert len(spec["egress"]) == len(graph.targets("gateway", "standard"))


def test_what_is_put_first_comes_out_in_order() -> None:
    """INSERT_FIRST puts each before those that came before it."""
    patches = gateway_objects.patches(args().limits)
    chain: list[str] = []
    for each in patches:
        if each["patch"]["operation"] == "INSERT_FIRST":
            chain.insert(0, each["patch"]["value"]["name"])

    assert chain == [each["name"] for each in gateway_filters.first(args().limits)]
    assert chain[-1] == "slipway.token-shape", "the check of tokens comes right after what shows it the token"


@pytest.mark.parametrize(("hops", "removed"), [(0, True), (2, False)])
def test_x_forwarded_for_is_believed_of_counted_proxies_alone(hops: int, *, removed: bool) -> None:
    manager = named("envoy.filters.network.http_connection_manager", gateway_hops=hops)
    [early] = manager["early_header_mutation_extensions"]
    names = {each["remove"] for each in early["typed_config"]["mutations"]}

    assert ("x-forwarded-for" in names) is removed
    assert names >= {"forwarded", "x-real-ip", "x-original-url"}
    config = json.loads(
        recorded(gateway_hops=hops).get("Gateway", "gateway").inputs["metadata"]["annotations"]["proxy.istio.io/config"]
    )
    assert config["gatewayTopology"] == {"numTrustedProxies": hops}


def test_settings_become_limits() -> None:
    rates = named("envoy.filters.http.local_ratelimit", gateway_rate=7, gateway_burst=9, gateway_sign_ins=120)
    every, sign_in = (each["token_bucket"] for each in rates["descriptors"])

    assert (every["tokens_per_fill"], every["max_tokens"]) == (7, 9)
    assert (sign_in["tokens_per_fill"], sign_in["max_tokens"]) == (2, 120)
    assert named("envoy.filters.http.buffer", gateway_body_kib=64)["max_request_bytes"] == 65536


@pytest.mark.parametrize(("number", "fill", "seconds"), [(1, 1, 60), (6, 1, 10), (59, 59, 60), (90, 3, 2), (120, 2, 1)])
def test_sign_ins_come_back_at_their_rate_a_minute(number: int, fill: int, seconds: int) -> None:
    rates = named("envoy.filters.http.local_ratelimit", gateway_sign_ins=number)
    bucket = rates["descriptors"][1]["token_bucket"]

    assert bucket == {"max_tokens": number, "tokens_per_fill": fill, "fill_interval": f"{seconds}s"}


def test_tokens_are_checked_by_the_issuers_keys_over_trusted_tls() -> None:
    made = recorded()
    [rule] = made.get("RequestAuthentication", "gateway").inputs["spec"]["jwtRules"]
    trust = made.get("DestinationRule", "issuer").inputs["spec"]

    path = rule["issuer"].partition(":8200")[2]
    assert rule["jwksUri"] == f"https://vault.vault.svc.cluster.local:8200{path}/.well-known/keys"
    assert rule["fromHeaders"] == [{"name": gateway_filters.TOKEN_HEADER}], "an opaque token of the app's is no JWT"
    [port] = trust["trafficPolicy"]["portLevelSettings"]
    assert (trust["host"], port["port"]) == ("vault.vault.svc.cluster.local", {"number": 8200})
    assert (port["tls"]["mode"], port["tls"]["subjectAltNames"]) == ("SIMPLE", ["vault.vault.svc"])
    assert port["tls"]["caCertificates"].startswith(gateway_objects.VAULT_CA_FOLDER)


def test_an_issuer_outside_needs_no_trust_of_ours_and_without_one_nothing_is_checked() -> None:
    kinds = {item.type.rpartition(":")[2] for item in recorded(gateway_issuer="https://id.example.com").objects()}
    assert "RequestAuthentication" in kinds
    assert "DestinationRule" not in kinds

    assert "RequestAuthentication" not in {
        item.type.rpartition(":")[2] for item in recorded(gateway_issuer="").objects()
    }


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"env": "production", "vault_replicas": 3}, "gateway_certificate is empty"),
        ({"gateway_rate": 100, "gateway_burst": 99}, "gateway_burst=99 is below gateway_rate=100"),
        ({"gateway_hosts": ["UPPER"]}, "gateway_hosts"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        settings(**given)


def test_production_of_profile_mini_needs_no_certificate() -> None:
    assert not WithGateway.model_validate({"env": "production"}).gateway


def test_the_contract_is_what_the_filters_are() -> None:
    """`make graph` writes it."""
    assert gateway_contract.FILE.read_text(encoding="utf-8") == gateway_contract.text()
