"""Helm releases of the direct engine by the real helm on a real API."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from infra.engine.api import StackRef
from infra.engine.direct.engine import DirectEngine
from infra.engine.direct.helm import Helm
from infra.lib.errors import Exit, SlipwayError
from infra.lib.kube import Kube, Object
from infra.lib.report import silent
from infra.tests.engine.apiserver import ApiServer
from infra.tests.engine.conftest import MakeStack, With
from infra.tests.engine.killed import left_alive

pytestmark = pytest.mark.integration

CONFIG_MAP = """
apiVersion: v1
kind: ConfigMap
metadata: {name: "{{ .Release.Name }}"}
data: {replicas: {{ .Values.replicas | quote }}}
"""
POD = """
{{- if .Values.pod }}
apiVersion: apps/v1
kind: Deployment
metadata: {name: "{{ .Release.Name }}"}
spec:
  replicas: {{ .Values.pods }}
  selector: {matchLabels: {app: "{{ .Release.Name }}"}}
  template:
    metadata: {labels: {app: "{{ .Release.Name }}"}}
    spec: {containers: [{name: web, image: "nowhere/web:1"}]}
{{- end }}
"""


def release(
    make_stack: MakeStack, name: str, *, replicas: int = 1, pod: bool = False, pods: int = 1, timeout: int = 5
) -> StackRef:
    """A stack with one release of a chart beside it."""
    program = f"""
        from pulumi_kubernetes.helm.v3 import Release
        values = {{"replicas": {replicas}, "pod": {pod}, "pods": {pods}}}
        Release("r", name={name!r}, chart="./chart", namespace="default", values=values, timeout={timeout})
    """
    stack = make_stack(program, name=name)
    chart = stack.directory / "chart"
    (chart / "templates").mkdir(parents=True, exist_ok=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: sample\nversion: 1.0.0\n")
    (chart / "values.yaml").write_text("replicas: 0\npod: false\npods: 1\n")
    (chart / "templates" / "configmap.yaml").write_text(CONFIG_MAP)
    (chart / "templates" / "deployment.yaml").write_text(POD)
    return stack


class TestRelease:
    def test_is_installed_left_alone_upgraded_and_removed(
        self, engine: DirectEngine, kube: Kube, api: ApiServer, make_stack: MakeStack
    ) -> None:
        stack = release(make_stack, "first", replicas=2)
        assert engine.preview(stack).counts["created"] == 1
        assert engine.up(stack).counts["created"] == 1
        assert _replicas(kube, "first") == "2"

        before = api.mark()
        assert engine.up(stack).changed == 0
        assert api.writes(since=before) == []

        changed = release(make_stack, "first", replicas=3)
        preview = engine.preview(changed)
        assert preview.counts["updated"] == 1
        assert '-data: {replicas: "2"}\n+data: {replicas: "3"}\n' in preview.diff()
        assert engine.up(changed).counts["updated"] == 1
        assert _replicas(kube, "first") == "3"

        assert engine.down(stack).counts["deleted"] == 1
        assert kube.get("v1", "ConfigMap", "default", "first") is None

    def test_an_edited_chart_is_an_upgrade(self, engine: DirectEngine, kube: Kube, make_stack: MakeStack) -> None:
        engine.up(release(make_stack, "edited"))
        stack = release(make_stack, "edited")
        template = stack.directory / "chart" / "templates" / "configmap.yaml"
        template.write_text(CONFIG_MAP.replace("replicas:", "copies:"))

        assert engine.up(stack).counts["updated"] == 1
        found = kube.get("v1", "ConfigMap", "default", "edited")
        assert found is not None
        assert found["data"] == {"copies": "1"}

    def test_that_never_gets_ready_is_told_by_its_pods(
        self, engine: DirectEngine, kube: Kube, make_stack: MakeStack
    ) -> None:
        with pytest.raises(SlipwayError) as caught:
            engine.up(release(make_stack, "podless", pod=True, timeout=4))

        assert caught.value.code is Exit.DEADLINE
        assert any("Unschedulable" in line for line in caught.value.details), caught.value.details

        assert engine.up(release(make_stack, "podless")).counts["updated"] == 1
        assert kube.get("apps/v1", "Deployment", "default", "podless") is None

    @pytest.mark.parametrize("earlier", [False, True], ids=["pending-install", "pending-upgrade"])
    def test_left_pending_by_a_killed_helm_is_recovered(
        self, engine: DirectEngine, kube: Kube, make_stack: MakeStack, tmp_path: Path, *, earlier: bool
    ) -> None:
        name = f"pending-{str(earlier).lower()}"
        if earlier:
            engine.up(release(make_stack, name))
        helm = Helm(kube=kube, log=tmp_path / "helm.log", report=silent)
        stack = release(make_stack, name, pod=True)
        _killed_helm(helm, name, stack.directory / "chart")
        assert helm.revisions("default", name)[-1].status == ("pending-upgrade" if earlier else "pending-install")

        engine.up(release(make_stack, name, replicas=7))

        assert helm.revisions("default", name)[-1].status == "deployed"
        assert _replicas(kube, name) == "7"
        assert kube.get("apps/v1", "Deployment", "default", name) is None, "an orphan of the killed helm"

    def test_of_a_killed_up_leaves_no_helm_behind_and_is_recovered(
        self, api: ApiServer, engine: DirectEngine, kube: Kube, make_stack: MakeStack, tmp_path: Path
    ) -> None:
        stack = release(make_stack, "felled", pod=True, timeout=60)

        assert left_alive(stack, api, tmp_path, "helm upgrade", "infra.engine.direct") == []

        engine.up(release(make_stack, "felled", replicas=5))
        assert _replicas(kube, "felled") == "5"


class TestAReleaseThatIsBroken:
    def test_gets_a_deleted_object_back(
        self, engine: DirectEngine, kube: Kube, api: ApiServer, make_stack: MakeStack
    ) -> None:
        stack = release(make_stack, "lacking", pod=True, pods=0)
        engine.up(stack)
        for version, kind in (("v1", "ConfigMap"), ("apps/v1", "Deployment")):
            kube.delete(version, kind, "default", "lacking")

            preview = engine.preview(stack)
            assert preview.counts["updated"] == 1
            assert preview.objects[0].note == f"missing: {kind} default/lacking"
            assert engine.up(stack).counts["updated"] == 1
            assert kube.get(version, kind, "default", "lacking") is not None

        before = api.mark()
        assert engine.up(stack).changed == 0
        assert api.writes(since=before) == []

    def test_twin_by_the_hash_only_leaves_it_away(
        self, engine: DirectEngine, engine_with: With, kube: Kube, make_stack: MakeStack
    ) -> None:
        stack = release(make_stack, "hashed")
        engine.up(stack)
        kube.delete("v1", "ConfigMap", "default", "hashed")

        assert engine_with("hash-only").up(stack).changed == 0
        assert kube.get("v1", "ConfigMap", "default", "hashed") is None, "the defect was not seen"

    def test_takes_back_what_was_edited_by_hand(
        self, engine: DirectEngine, kube: Kube, api: ApiServer, make_stack: MakeStack
    ) -> None:
        stack = release(make_stack, "handmade", pod=True, pods=0)
        engine.up(stack)
        _edit(kube, "/api/v1/namespaces/default/configmaps/handmade", {"data": {"replicas": "9"}})
        _edit(kube, "/api/v1/namespaces/default/configmaps/handmade", {"metadata": {"labels": {"mine": "stays"}}})

        preview = engine.preview(stack)
        assert preview.objects[0].note == "edited: ConfigMap default/handmade"
        assert engine.up(stack).counts["updated"] == 1
        found = kube.get("v1", "ConfigMap", "default", "handmade")
        assert found is not None
        assert found["data"] == {"replicas": "1"}
        assert found["metadata"]["labels"]["mine"] == "stays", "a field the chart does not declare is not ours"

        before = api.mark()
        assert engine.up(stack).changed == 0
        assert api.writes(since=before) == []

    def test_twin_that_sees_no_edit_leaves_it(
        self, engine: DirectEngine, engine_with: With, kube: Kube, make_stack: MakeStack
    ) -> None:
        stack = release(make_stack, "unseen")
        engine.up(stack)
        _edit(kube, "/api/v1/namespaces/default/configmaps/unseen", {"data": {"replicas": "9"}})

        assert engine_with("edits-unseen").up(stack).changed == 0
        assert _replicas(kube, "unseen") == "9", "the defect was not seen"

    def test_is_waited_for_and_told_by_its_pods(
        self, engine: DirectEngine, engine_with: With, kube: Kube, make_stack: MakeStack
    ) -> None:
        stack = release(make_stack, "unready", pod=True, pods=0)
        engine.up(stack)
        _edit(kube, "/apis/apps/v1/namespaces/default/deployments/unready", {"spec": {"replicas": 1}})
        engine = engine_with("edits-unseen")  # or the edit is taken back, and nothing is waited for

        assert "Deployment default/unready is not ready: " in engine.preview(stack).objects[0].note
        with pytest.raises(SlipwayError, match="Deployment default/unready is not ready after 5 s") as caught:
            engine.up(stack)

        assert caught.value.code is Exit.DEADLINE
        assert any("Unschedulable" in line for line in caught.value.details), caught.value.details


def test_renders_as_helm_would_install(offline: DirectEngine, make_stack: MakeStack, tmp_path: Path) -> None:
    offline.render(release(make_stack, "rendered", replicas=4), tmp_path / "out")

    text = (tmp_path / "out/rendered/release-rendered/default/configmap-rendered.yaml").read_text()
    assert "replicas: '4'" in text


def test_a_field_the_engine_does_not_pass_on_is_refused(
    offline: DirectEngine, make_stack: MakeStack, tmp_path: Path
) -> None:
    program = """
        from pulumi_kubernetes.helm.v3 import Release
        Release("r", name="r", chart="./chart", postrender="sed")
    """
    with pytest.raises(SlipwayError, match="it sets the field postrender"):
        offline.render(make_stack(program), tmp_path)


def _edit(kube: Kube, path: str, change: Object) -> None:
    kube.request("PATCH", path, body=change, media="application/merge-patch+json")


def _killed_helm(helm: Helm, name: str, chart: Path) -> None:
    words = [name, str(chart), "--install", "--wait", "--set=pod=true"]
    command = [str(word) for word in helm._command("upgrade", "default", words)]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **helm._homes()}
    )
    end = time.monotonic() + 30
    while not any(item.status.startswith("pending") for item in helm.revisions("default", name)):
        assert time.monotonic() < end, "helm stored no pending revision"
        time.sleep(0.05)
    time.sleep(1.0)  # until it has made its objects and waits
    process.send_signal(signal.SIGKILL)
    process.wait()


def _replicas(kube: Kube, name: str) -> str:
    found = kube.get("v1", "ConfigMap", "default", name)
    return str(found["data"]["replicas"]) if found else ""
