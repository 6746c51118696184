"""What keeps requests alive while pods change, and the migration that comes before."""

from typing import Any

from infra.tests.charts.helm import Manifest, one, scenario, template

BASE = scenario("default")


def web(manifests: list[Manifest]) -> dict[str, Any]:
    spec: dict[str, Any] = one(manifests, "Deployment", "todo-app-web")["spec"]
    return spec


def migration(manifests: list[Manifest]) -> Manifest:
    return next(item for item in manifests if item["kind"] == "Job")


def test_a_pod_keeps_serving_and_then_finishes_before_it_is_killed() -> None:
    manifests = template(BASE)
    pod = web(manifests)["template"]["spec"]
    stop = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    graceful = int(one(manifests, "ConfigMap", "todo-app-web")["data"]["TODO_GRACEFUL_TIMEOUT"])

    assert stop >= 5
    assert stop + graceful < pod["terminationGracePeriodSeconds"]


def test_a_new_pod_is_ready_before_an_old_one_goes() -> None:
    assert web(template(BASE))["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}


def test_the_twin_without_drain_loses_exactly_the_drain() -> None:
    """The seeded defect of the rollout figure: the same pods, ended at once."""
    drained, twin = template(BASE), template(scenario("no-drain"))
    with_drain, without = (web(item)["template"]["spec"]["containers"][0] for item in (drained, twin))

    assert "lifecycle" not in without
    assert {key for key in with_drain if with_drain[key] != without.get(key)} == {"lifecycle"}
    data = one(twin, "ConfigMap", "todo-app-web")["data"]
    assert "TODO_GRACEFUL_TIMEOUT" not in data
    assert data["GUNICORN_CMD_ARGS"] == "--graceful-timeout=0"


def test_the_migration_is_a_hook_named_by_the_image() -> None:
    by_tag, by_digest = migration(template(BASE)), migration(template(scenario("digest")))

    assert by_tag["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert by_tag["metadata"]["name"] == "todo-app-migrate-0123456789ab"
    assert by_digest["metadata"]["name"] == "todo-app-migrate-0123456789ab"


def test_what_the_migration_needs_is_made_by_earlier_hooks() -> None:
    manifests = template(BASE)
    job = migration(manifests)
    account = one(manifests, "ServiceAccount", job["spec"]["template"]["spec"]["serviceAccountName"])
    policy = one(manifests, "NetworkPolicy", "todo-app-migrate")

    for needed in (account, policy):
        assert needed["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
        assert int(needed["metadata"]["annotations"]["helm.sh/hook-weight"]) < 0
    # A ConfigMap of the release does not exist yet when the hook runs.
    container = job["spec"]["template"]["spec"]["containers"][0]
    assert "envFrom" not in container
    data = one(manifests, "ConfigMap", "todo-app-web")["data"]
    for entry in container["env"]:
        assert data[entry["name"]] == entry["value"]


def test_a_failed_migration_says_why_in_the_release_and_in_the_pod() -> None:
    job = migration(template(BASE))

    assert job["metadata"]["annotations"]["helm.sh/hook-output-log-policy"] == "hook-failed"
    assert job["spec"]["template"]["spec"]["containers"][0]["terminationMessagePolicy"] == "FallbackToLogsOnError"
    assert job["spec"]["activeDeadlineSeconds"] < 600


def test_the_migration_runs_again_for_another_configuration_only() -> None:
    def checksum(values: dict[str, Any]) -> str:
        return str(migration(template(values))["metadata"]["annotations"]["slipway.local/checksum-migrate"])

    assert checksum(BASE) == checksum({**BASE, "web": {"replicas": 4}})
    assert checksum(BASE) != checksum({**BASE, "database": {"host": "elsewhere.example.com"}})


def test_pods_do_not_roll_for_a_new_version_of_the_chart() -> None:
    labels = web(template(BASE))["template"]["metadata"]["labels"]

    assert "helm.sh/chart" not in labels
    assert labels["app.kubernetes.io/component"] == "web"
