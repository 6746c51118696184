"""The relay and the work by the clock."""

from typing import Any

import pytest

from infra.tests.charts.helm import Manifest, one, scenario, template

BASE = scenario("default")
CRONS = ("run-due-todos", "maintenance")


def cron(manifests: list[Manifest], name: str) -> dict[str, Any]:
    spec: dict[str, Any] = one(manifests, "CronJob", f"todo-app-{name}")["spec"]
    return spec


def relay(manifests: list[Manifest]) -> dict[str, Any]:
    spec: dict[str, Any] = one(manifests, "Deployment", "todo-app-relay")["spec"]
    return spec


def test_one_relay_ends_before_the_next_starts_and_says_why_it_has_no_budget() -> None:
    manifests = template(BASE)

    assert relay(manifests)["replicas"] == 1
    assert relay(manifests)["strategy"] == {"type": "Recreate"}
    annotations = one(manifests, "Deployment", "todo-app-relay")["metadata"]["annotations"]
    assert annotations["slipway.local/reason-no-disruption-budget"]


def test_the_relays_files_fit_into_its_folder_or_lie_on_a_claim() -> None:
    def folder(name: str) -> dict[str, Any]:
        volumes = relay(template(scenario(name)))["template"]["spec"]["volumes"]
        (found,) = [volume for volume in volumes if volume["name"] == "events"]
        return dict(found)

    assert folder("default")["emptyDir"] == {"sizeLimit": "32Mi"}
    assert folder("relay-claim")["persistentVolumeClaim"] == {"claimName": "todo-app-events"}
    container = relay(template(scenario("relay-claim")))["template"]["spec"]["containers"][0]
    environment = {entry["name"]: entry["value"] for entry in container["env"]}
    assert environment["TODO_RELAY_FILE_KIB"] == "65536"
    assert {"name": "events", "mountPath": environment["TODO_RELAY_FOLDER"]} in container["volumeMounts"]


def test_the_relay_is_scraped_by_pod() -> None:
    monitor = one(template(scenario("service-monitor")), "PodMonitor", "todo-app-relay")["spec"]
    container = relay(template(BASE))["template"]["spec"]["containers"][0]

    assert monitor["podMetricsEndpoints"][0]["port"] in [port["name"] for port in container["ports"]]


@pytest.mark.parametrize("name", CRONS)
def test_scheduled_work_never_overlaps_catches_up_within_bounds_and_cleans_up(name: str) -> None:
    spec = cron(template(BASE), name)
    job = spec["jobTemplate"]["spec"]

    assert spec["concurrencyPolicy"] == "Forbid"
    assert spec["timeZone"] == "Etc/UTC"
    assert spec["startingDeadlineSeconds"] >= 10  # below, the controller's own interval would miss runs
    assert spec["successfulJobsHistoryLimit"] >= 1
    assert spec["failedJobsHistoryLimit"] >= 1
    assert job["ttlSecondsAfterFinished"] > 0
    assert job["activeDeadlineSeconds"] > 0
    assert job["template"]["spec"]["containers"][0]["args"] == [name]


@pytest.mark.parametrize("name", ["relay", *CRONS])
def test_the_background_calls_the_database_only(name: str) -> None:
    policy = one(template(BASE), "NetworkPolicy", f"todo-app-{name}")["spec"]
    ports = {port["port"] for rule in policy["egress"] for port in rule["ports"]}

    assert ports == {53, 5353, 5432}
    assert policy["policyTypes"] == ["Ingress", "Egress"]


def test_the_chart_knows_only_commands_of_the_image() -> None:
    manifests = template(BASE)
    pods = [relay(manifests), *(cron(manifests, name)["jobTemplate"]["spec"] for name in CRONS)]

    assert [pod["template"]["spec"]["containers"][0]["args"] for pod in pods] == [
        ["relay"],
        *([name] for name in CRONS),
    ]


def test_each_further_database_has_a_relay_and_a_policy_of_its_own() -> None:
    manifests = template(scenario("shards"))
    found = {
        spec["selector"]["matchLabels"]["app.kubernetes.io/component"]: spec["template"]["spec"]["containers"][0][
            "args"
        ]
        for name in ("todo-app-relay", "todo-app-relay-s1", "todo-app-relay-s2")
        for spec in [one(manifests, "Deployment", name)["spec"]]
    }

    assert found == {"relay": ["relay"], "relay-s1": ["relay", "s1"], "relay-s2": ["relay", "s2"]}
    for component in found:
        policy = one(manifests, "NetworkPolicy", f"todo-app-{component}")["spec"]
        assert policy["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == component
