"""The Pulumi projects themselves: short, complete, protected in production, patient for a stated time."""

import pytest
import yaml

from infra.components.timeouts import ANNOTATION, SECONDS
from infra.tests.stacks.recording import STACKS, Declared, record_stack
from infra.tests.stacks.whole import ENVIRONMENTS, ORDER, config_of, evaluate

HOLDS_DATA = ("Namespace", "PersistentVolume", "StatefulSet")


def kind(item: Declared) -> str:
    return item.type.rsplit(":", 1)[1]


@pytest.mark.parametrize("stack", ORDER)
def test_a_program_is_a_table_of_contents(stack: str) -> None:
    lines = (STACKS / stack / "__main__.py").read_text(encoding="utf-8").splitlines()

    assert len(lines) <= 40


@pytest.mark.parametrize("stack", ORDER)
def test_a_project_has_every_environment_and_the_workspace_environment(stack: str) -> None:
    project = yaml.safe_load((STACKS / stack / "Pulumi.yaml").read_text(encoding="utf-8"))
    files = {path.name for path in (STACKS / stack).glob("Pulumi.*.yaml")}

    assert project["name"] == f"slipway-{stack}"
    assert project["runtime"]["name"] == "python"
    assert project["runtime"]["options"]["virtualenv"] == "../../../.venv"
    assert files == {f"Pulumi.{env}.yaml" for env in ENVIRONMENTS}


@pytest.mark.parametrize("stack", ["foundation", "data"])
def test_production_protects_what_holds_data_and_only_that(stack: str) -> None:
    recorded = evaluate("production")[stack]

    assert {kind(item) for item in recorded.objects() if item.protect} <= set(HOLDS_DATA)
    assert [item.urn for item in recorded.objects() if kind(item) in HOLDS_DATA and not item.protect] == []


@pytest.mark.parametrize("env", ["local", "dev", "staging"])
def test_elsewhere_nothing_is_protected(env: str) -> None:
    assert [item.urn for recorded in evaluate(env).values() for item in recorded.objects() if item.protect] == []


@pytest.mark.parametrize("stack", ["foundation", "data"])
def test_the_escape_from_protection_is_logged(stack: str, caplog: pytest.LogCaptureFixture) -> None:
    references = {f"slipway-{name}": recorded.outputs for name, recorded in evaluate("production").items()}
    config = {**config_of(stack, "production"), "allow_unprotected": "true"}

    recorded = record_stack(stack, env="production", config=config, references=references)

    assert [item.urn for item in recorded.objects() if item.protect] == []
    assert "allow_unprotected is set" in caplog.text


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_what_is_waited_for_has_its_time_from_the_table(env: str) -> None:
    for recorded in evaluate(env).values():
        for item in recorded.objects():
            if kind(item) == "Release":
                assert item.inputs["timeout"] == SECONDS["Release"]
                assert item.timeouts == dict.fromkeys(("create", "update"), f"{SECONDS['Release']}s")
            elif kind(item) in SECONDS:
                assert item.inputs["metadata"]["annotations"][ANNOTATION] == str(SECONDS[kind(item)]), item.urn


def test_a_service_is_not_waited_for_by_itself() -> None:
    services = [item for item in evaluate("local")["data"].objects() if kind(item) == "Service"]

    assert services
    for item in services:
        assert item.inputs["metadata"]["annotations"] == {"pulumi.com/skipAwait": "true"}


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_demo_user_and_local_volumes_stop_before_production(env: str) -> None:
    stacks = evaluate(env)
    values = stacks["delivery"].get("Release", "todo-app").inputs["values"]
    job = next(item for item in stacks["data"].objects() if kind(item) == "Job")
    secrets = job.inputs["spec"]["template"]["spec"]["containers"][0]["env"][0]["value"]

    assert ("demo-password" in secrets) is values["config"]["demoUser"]
    if env == "production":
        assert values["config"]["demoUser"] is False
        assert stacks["foundation"].outputs["storage_class"] == "standard-rwo"


def test_production_is_larger_than_local() -> None:
    local, production = (evaluate(env)["delivery"].get("Release", "todo-app") for env in ("local", "production"))

    assert production.inputs["values"]["web"]["replicas"] > local.inputs["values"]["web"]["replicas"]
    assert production.inputs["values"]["web"]["autoscaling"]["enabled"] is True


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_no_secret_value_is_in_any_program(env: str) -> None:
    for recorded in evaluate(env).values():
        assert [item.urn for item in recorded.objects() if kind(item) == "Secret"] == []
