"""Every switch of the chart, rendered: lint, Kubernetes' own schema, and what the switch does."""

import json
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped] # ships no types
import pytest

from infra.tests.charts.helm import CHART, HelmError, Manifest, helm, one, scenario, scenarios, template

KUBERNETES = "1.36"
# Kinds of CRDs, not of Kubernetes.
OTHERS = ("monitoring.coreos.com/", "security.istio.io/", "networking.istio.io/", "gateway.networking.k8s.io/")
BASE = scenario("default")


def kinds(manifests: list[Manifest]) -> set[str]:
    return {item["kind"] for item in manifests}


def with_values(**values: Any) -> dict[str, Any]:  # noqa: ANN401 - any value of the chart
    return {**BASE, **values}


@pytest.mark.parametrize("name", scenarios())
def test_a_scenario_lints_and_validates(name: str) -> None:
    helm("lint", CHART, "--strict", "--values", CHART / "ci" / f"{name}-values.yaml")

    for manifest in template(scenario(name)):
        if not manifest["apiVersion"].startswith(OTHERS):
            kubernetes_validate.validate(manifest, KUBERNETES, strict=True)


def test_every_switch_has_a_scenario() -> None:
    switches = {
        "autoscaling",
        "no-drain",
        "no-network-policy",
        "service-monitor",
        "no-migrate",
        "no-tests",
        "demo-user",
        "no-relay",
        "no-cron",
        "relay-claim",
        "trusted-proxies",
        "pooler",
        "shards",
        "oidc",
        "mesh",
        "vault",
        "gateway",
    }

    assert switches <= set(scenarios())


def test_autoscaling_takes_the_number_of_pods_away_from_the_deployment() -> None:
    fixed, scaled = template(BASE), template(scenario("autoscaling"))

    assert one(fixed, "Deployment", "todo-app-web")["spec"]["replicas"] == 1
    assert "HorizontalPodAutoscaler" not in kinds(fixed)
    assert "replicas" not in one(scaled, "Deployment", "todo-app-web")["spec"]
    assert one(scaled, "HorizontalPodAutoscaler", "todo-app-web")["spec"]["minReplicas"] == 2


def test_monitoring_objects_need_a_switch() -> None:
    assert "ServiceMonitor" not in kinds(template(BASE))
    assert "ServiceMonitor" in kinds(template(scenario("service-monitor")))


def test_without_policies_tests_or_migration_there_are_none() -> None:
    assert "NetworkPolicy" not in kinds(template(scenario("no-network-policy")))
    assert "Job" not in kinds(template(scenario("no-migrate")))
    assert "Pod" not in kinds(template(scenario("no-tests")))


def test_without_relay_or_scheduled_work_nothing_of_them_is_left() -> None:
    for name, component in (("no-relay", "relay"), ("no-cron", "maintenance"), ("no-cron", "run-due-todos")):
        left = [item for item in template(scenario(name)) if component in item["metadata"]["name"]]
        assert left == []


def test_trusted_proxies_reach_every_command() -> None:
    manifests = template(scenario("trusted-proxies"))

    assert one(manifests, "ConfigMap", "todo-app-web")["data"]["TODO_TRUSTED_PROXIES"] == "10.244.0.0/16,fd00::/8"


def test_external_backends_are_reached_by_address_only() -> None:
    policy = one(template(scenario("external-backends")), "NetworkPolicy", "todo-app-web")["spec"]

    assert [peer for rule in policy["egress"] for peer in rule["to"] if "ipBlock" in peer] == [
        {"ipBlock": {"cidr": "192.0.2.10/32"}},
        {"ipBlock": {"cidr": "192.0.2.11/32"}},
    ]
    gateway = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "gateway"}}}
    assert gateway in policy["ingress"][0]["from"]
    assert len(policy["ingress"]) == 1


def test_configuration_reaches_the_pods_and_rolls_them() -> None:
    before, after = template(BASE), template(scenario("demo-user"))
    checksums = {
        one(manifests, "Deployment", "todo-app-web")["spec"]["template"]["metadata"]["annotations"][
            "slipway.local/checksum-config"
        ]
        for manifests in (before, after)
    }

    assert len(checksums) == 2
    data = one(after, "ConfigMap", "todo-app-web")["data"]
    assert data["TODO_DEMO_USER"] == "true"
    assert data["TODO_INITIAL_WORDS"] == "viagra,casino"
    assert all(isinstance(value, str) for value in data.values())


def test_the_probes_use_a_host_that_is_allowed() -> None:
    manifests = template(scenario("digest"))
    web = one(manifests, "Deployment", "todo-app-web")["spec"]["template"]["spec"]["containers"][0]
    allowed = one(manifests, "ConfigMap", "todo-app-web")["data"]["TODO_ALLOWED_HOSTS"].split(",")

    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert web[probe]["httpGet"]["httpHeaders"][0]["value"] in allowed
    assert {"todo.example.com", "todo-app-web", "todo-app-web.todo.svc"} <= set(allowed)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"image": {"reference": ""}}, "image.reference is empty"),
        ({"image": {"reference": "todo-app:latest"}}, "/image/reference"),
        ({"web": {"replics": 3}}, "additional properties 'replics' not allowed"),
        ({"web": {"drain": {"gracefulSeconds": 60}}}, "must be below web.terminationGracePeriodSeconds = 45 s"),
        ({"web": {"autoscaling": {"enabled": True, "minReplicas": 9}}}, "maxReplicas = 6 is below minReplicas = 9"),
        ({"config": {"environment": "production", "demoUser": True}}, "production has no demo user"),
        ({"relay": {"files": {"count": 8}}}, "= 32768 KiB must be below relay.files.sizeLimit = 32Mi"),
        ({"relay": {"files": {"fsync": "always"}}}, "/relay/files/fsync"),
        ({"maintenance": {"schedule": "daily"}}, "/maintenance/schedule"),
        ({"config": {"trustedProxies": ["gateway"]}}, "/config/trustedProxies/0"),
        ({"config": {"environment": "test"}}, "/config/environment"),
        ({"web": {"resources": {"limits": {"memory": "lots"}}}}, "/web/resources/limits/memory"),
        ({"networkPolicy": {"http": {"cidrs": ["everywhere"]}}}, "/networkPolicy/http/cidrs/0"),
    ],
)
def test_wrong_values_are_refused_with_their_name(values: dict[str, Any], message: str) -> None:
    with pytest.raises(HelmError, match=message.replace("(", r"\(")):
        template(with_values(**values))


def test_no_kind_shares_a_file() -> None:
    for path in (CHART / "templates").rglob("*.yaml"):
        assert path.read_text(encoding="utf-8").count("\nkind: ") <= 1, path.name


def _open_objects(schema: Any, path: str = "") -> list[str]:  # noqa: ANN401 - any JSON
    if isinstance(schema, list):
        return [found for item in schema for found in _open_objects(item, path)]
    if not isinstance(schema, dict):
        return []
    here = [path] if schema.get("type") == "object" and schema.get("additionalProperties") is not False else []
    return here + [found for key, item in schema.items() for found in _open_objects(item, f"{path}/{key}")]


def test_the_schema_closes_every_object_and_knows_every_value() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))

    assert _open_objects(schema) == []
