"""Readiness, reasons, replacement and deletion of the direct engine on a real API (no node runs a pod there)."""

from pathlib import Path

import pytest

from infra.engine.api import Action
from infra.engine.direct.declared import Ref
from infra.engine.direct.delete import delete_all
from infra.engine.direct.engine import DirectEngine
from infra.engine.direct.helm import Helm
from infra.engine.direct.inventory import Entry
from infra.lib.errors import Exit, SlipwayError
from infra.lib.kube import Kube, Object
from infra.lib.report import silent
from infra.tests.engine.conftest import MakeStack, With
from infra.tests.engine.programs import never_ready

pytestmark = pytest.mark.integration


class TestNeverReady:
    def test_names_the_object_its_pods_reason_and_the_next_command(
        self, engine: DirectEngine, kube: Kube, make_stack: MakeStack
    ) -> None:
        said: list[str] = []

        def report(message: str, /, *, done: float | None = None) -> None:
            said.append(message)

        with pytest.raises(SlipwayError) as caught:
            engine.up(make_stack(never_ready("lost"), name="lost"), report=report)

        error = caught.value
        assert error.code is Exit.DEADLINE
        assert error.message.startswith("Deployment default/lost is not ready after 3 s: ")
        assert any("Unschedulable" in line and "no nodes available" in line for line in error.details)
        assert any(line.startswith("event: ") for line in error.details)
        assert error.hint.endswith("-n default describe deployment lost")
        assert any("wait for Deployment default/lost" in line for line in said)
        assert kube.get("v1", "ConfigMap", "default", "lost-after") is None, "a dependent started too early"

    def test_twin_without_waiting_passes_as_ready(self, engine_with: With, kube: Kube, make_stack: MakeStack) -> None:
        engine_with("no-wait").up(make_stack(never_ready("hasty"), name="hasty"))

        assert kube.get("v1", "ConfigMap", "default", "hasty-after") is not None

    def test_is_not_waited_for_where_the_program_says_so(self, engine: DirectEngine, make_stack: MakeStack) -> None:
        stack = make_stack(never_ready("skip", "pulumi.com/skipAwait", "true"), name="skip")

        assert engine.up(stack).counts["created"] == 2


class TestFieldsThatCannotChange:
    JOB = """
        container = {"name": "once", "image": "nowhere/job:TAG"}
        Job("once", metadata={"name": "once", "namespace": "default"}, spec={
            "suspend": True, "template": {"spec": {"restart_policy": "Never", "containers": [container]}}})
    """
    FIXED = 'ConfigMap("f", metadata={"name": "fixed", "namespace": "default"}, immutable=True, data={"k": "TAG"})'

    def test_a_job_is_made_anew(self, engine: DirectEngine, kube: Kube, make_stack: MakeStack) -> None:
        engine.up(make_stack(self.JOB.replace("TAG", "1"), name="job"))
        first = kube.get("batch/v1", "Job", "default", "once")

        result = engine.up(make_stack(self.JOB.replace("TAG", "2"), name="job"))

        second = kube.get("batch/v1", "Job", "default", "once")
        assert first is not None
        assert second is not None
        assert first["metadata"]["uid"] != second["metadata"]["uid"]
        assert result.counts["updated"] == 1
        assert engine.up(make_stack(self.JOB.replace("TAG", "2"), name="job")).changed == 0

    def test_a_failed_job_is_tried_again(self, engine: DirectEngine, kube: Kube, make_stack: MakeStack) -> None:
        stack = make_stack(self.JOB.replace("TAG", "1").replace('"once"', '"fails"'), name="fails")
        engine.up(stack)
        _fail_job(kube, "fails")

        assert engine.up(stack).counts["updated"] == 1
        assert engine.up(stack).changed == 0

    def test_anything_else_is_refused(self, engine: DirectEngine, kube: Kube, make_stack: MakeStack) -> None:
        engine.up(make_stack(self.FIXED.replace("TAG", "1"), name="fixed"))

        with pytest.raises(SlipwayError, match="a field that cannot change") as caught:
            engine.up(make_stack(self.FIXED.replace("TAG", "2"), name="fixed"))

        assert caught.value.code is Exit.BAD_INPUT
        found = kube.get("v1", "ConfigMap", "default", "fixed")
        assert found is not None
        assert found["data"] == {"k": "1"}


CUSTOM = """
    from pulumi_kubernetes.apiextensions import CustomResource
    from pulumi_kubernetes.apiextensions.v1 import CustomResourceDefinition
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    crd = CustomResourceDefinition("crd", metadata={"name": "toys.engine.test"}, spec={
        "group": "engine.test", "scope": "Namespaced", "names": {"plural": "toys", "kind": "Toy"},
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}]})
    CustomResource("toy", api_version="engine.test/v1", kind="Toy", metadata={"name": "toy", "namespace": "default"},
                   spec={"wheels": 4}, opts=ResourceOptions(depends_on=[crd]))
"""


def test_a_custom_resource_follows_its_definition_and_goes_before_it(
    engine: DirectEngine, kube: Kube, make_stack: MakeStack
) -> None:
    stack = make_stack(CUSTOM, name="toys")

    created = [row.kind for row in engine.preview(stack).objects if row.action is Action.CREATED]
    assert created == ["CustomResourceDefinition", "Toy"], "a preview before the kind exists"
    assert engine.up(stack).counts["created"] == 2
    live = kube.get("engine.test/v1", "Toy", "default", "toy")
    assert live is not None
    assert live["spec"] == {"wheels": 4}
    assert engine.up(stack).changed == 0
    assert engine.down(stack).counts["deleted"] == 2


class TestPreview:
    PROGRAM = """
        place = Namespace("n", metadata={"name": "t-preview"})
        ConfigMap("c", metadata={"name": "c", "namespace": place.metadata["name"]}, data={"k": "VALUE"})
    """

    def test_shows_what_up_would_do_and_writes_nothing(
        self, engine: DirectEngine, kube: Kube, make_stack: MakeStack
    ) -> None:
        stack = make_stack(self.PROGRAM, name="preview")

        assert engine.preview(stack).counts["created"] == 2
        assert kube.get("v1", "Namespace", "", "t-preview") is None

        engine.up(stack)
        assert engine.preview(stack).changed == 0
        changed = engine.preview(make_stack(self.PROGRAM.replace("VALUE", "other"), name="preview"))
        assert "-  k: VALUE\n+  k: other\n" in changed.diff()
        found = kube.get("v1", "ConfigMap", "t-preview", "c")
        assert found is not None
        assert found["data"] == {"k": "VALUE"}
        dropped = engine.preview(make_stack(self.PROGRAM.replace("ConfigMap(", "0 and ConfigMap("), name="preview"))
        assert dropped.counts["deleted"] == 1

    def test_a_stack_sees_the_outputs_of_one_only_previewed(
        self, engine: DirectEngine, kube: Kube, make_stack: MakeStack
    ) -> None:
        first = make_stack('pulumi.export("place", "default")', name="seen-first")
        second = make_stack(
            """
            other = pulumi.StackReference(f"organization/test-seen-first/{pulumi.get_stack()}")
            ConfigMap("c", metadata={"name": "seen", "namespace": other.require_output("place")})
            """,
            name="seen-second",
        )
        with pytest.raises(SlipwayError, match="test-seen-first is not up for local"):
            engine.preview(second)

        engine.preview(first)

        assert engine.preview(second).counts["created"] == 1
        assert kube.get("v1", "ConfigMap", "default", "seen") is None


class TestDeletion:
    def test_protected_objects_stop_it_and_retained_ones_stay(
        self, engine: DirectEngine, kube: Kube, make_stack: MakeStack
    ) -> None:
        program = """
            guarded, kept = ({"name": name, "namespace": "default"} for name in ("guarded", "kept"))
            ConfigMap("p", metadata=guarded, opts=ResourceOptions(protect=GUARD))
            ConfigMap("r", metadata=kept, opts=ResourceOptions(retain_on_delete=True))
        """
        stack = make_stack(program.replace("GUARD", "True"), name="guard")
        engine.up(stack)
        with pytest.raises(SlipwayError, match="protected, so nothing was deleted: ConfigMap default/guarded"):
            engine.down(stack)
        engine.up(make_stack(program.replace("GUARD", "False"), name="guard"))

        assert engine.down(stack).counts["deleted"] == 1
        assert kube.get("v1", "ConfigMap", "default", "kept") is not None

    def test_a_namespace_that_does_not_go_is_named_with_what_keeps_it(self, kube: Kube, tmp_path: Path) -> None:
        kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "stuck"}})
        held: Object = {"name": "held", "namespace": "stuck", "finalizers": ["engine.test/hold"]}
        kube.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": held})
        helm = Helm(kube=kube, log=tmp_path / "log", report=silent)

        with pytest.raises(SlipwayError) as caught:
            delete_all(kube, helm, [Entry(ref=Ref("v1", "Namespace", "", "stuck"))], report=silent, deadline=4.0)

        assert caught.value.code is Exit.DEADLINE
        assert any("ConfigMap held waits for engine.test/hold" in line for line in caught.value.details)
        kube.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {**held, "finalizers": []}})


def _fail_job(kube: Kube, name: str) -> None:
    """As the job controller would: its status says Failed."""
    found = kube.get("batch/v1", "Job", "default", name)
    assert found is not None
    moment = found["metadata"]["creationTimestamp"]
    told = {"status": "True", "reason": "DeadlineExceeded", "lastTransitionTime": moment, "lastProbeTime": moment}
    found["status"] = {
        "startTime": moment,
        "conditions": [{**told, "type": "FailureTarget"}, {**told, "type": "Failed"}],
    }
    kube.request("PUT", f"/apis/batch/v1/namespaces/default/jobs/{name}/status", body=found)
