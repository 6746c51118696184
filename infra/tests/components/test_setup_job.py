"""Jobs that set something up have one shape: what they may is named, and another pod is another Job."""

from dataclasses import replace
from typing import Any

import pulumi
import pytest

from infra.components import hardening, setup_job
from infra.components.setup_job import Grant, SetupJob
from infra.tests.stacks.recording import Recorded, record

NAME = "secrets-init"  # the service graph knows it
JOB = SetupJob(
    namespace="data",
    component="secrets",
    image="x:1",
    reason="because",
    grants=[Grant(namespace="todo", secrets=["a"], config_maps=["b"], reads=["c"])],
    profile="mini",
)


def declared(job: SetupJob) -> Recorded:
    class Holder(pulumi.ComponentResource):
        def __init__(self) -> None:
            super().__init__("slipway:test:Holder", "holder")
            setup_job.create(NAME, job, parent=self)

    return record(Holder)


def inputs(job: SetupJob, kind: str) -> dict[str, Any]:
    [found] = [each.inputs for each in declared(job).objects() if each.type.endswith(f":{kind}")]
    return dict(found)


@pytest.mark.parametrize(
    "change",
    [
        {"image": "x:2"},
        {"env": {"A": "b"}},
        {"arguments": ["other"]},
        {"memory": 128},
        {"mounts": {"/tmp": hardening.scratch("tmp", size="4Mi")}},  # noqa: S108 - the container's own
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_pod_is_another_job(change: dict[str, Any]) -> None:
    """A Job's template cannot change."""
    name = inputs(JOB, "Job")["metadata"]["name"]

    assert inputs(JOB, "Job")["metadata"]["name"] == name
    assert inputs(replace(JOB, **change), "Job")["metadata"]["name"] != name


def test_what_it_may_is_named_in_the_namespace_it_is_for() -> None:
    role = inputs(JOB, "Role")

    assert role["metadata"]["namespace"] == "todo"
    assert [(each["resources"], each.get("resourceNames"), each["verbs"]) for each in role["rules"]] == [
        (["secrets"], None, ["create"]),
        (["secrets"], ["a"], ["get", "patch"]),
        (["configmaps"], None, ["create"]),
        (["configmaps"], ["b"], ["get", "patch"]),
        (["secrets"], ["c"], ["get"]),
    ]
    assert inputs(JOB, "RoleBinding")["subjects"] == [{"kind": "ServiceAccount", "name": NAME, "namespace": "data"}]


def test_what_is_no_scratch_folder_is_read_only() -> None:
    volumes: dict[str, Any] = {"/run/x": {"name": "x", "config_map": {"name": "x"}}}
    volumes["/tmp"] = hardening.scratch("tmp", size="4Mi")  # noqa: S108 - the container's own
    pod = inputs(replace(JOB, mounts=volumes), "Job")["spec"]["template"]["spec"]
    [container] = pod["containers"]

    assert {each["name"]: each.get("readOnly", False) for each in container["volumeMounts"]} == {
        "x": True,
        "tmp": False,
    }
    assert container["securityContext"]["readOnlyRootFilesystem"]
