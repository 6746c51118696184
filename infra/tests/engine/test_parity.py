"""Both engines make the same objects from the same program; needs the Pulumi CLI, which cannot be had everywhere."""

import shutil
from pathlib import Path

import pytest

from infra.engine.api import StackRef
from infra.engine.direct.compare import SERVER_METADATA
from infra.engine.direct.engine import DirectEngine
from infra.engine.pulumi.engine import PulumiEngine
from infra.lib.kube import Kube, Object
from infra.tests.engine.apiserver import ApiServer
from infra.tests.engine.conftest import MakeStack

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("pulumi") is None, reason="not run: no Pulumi CLI"),
]

PROGRAM = """
    place = Namespace("place", metadata={"name": "t-parity", "labels": {"owner": "test"}})
    inside = {"namespace": place.metadata["name"]}
    labels = {"app": "web"}
    service = Service("web", metadata={**inside, "name": "web"}, spec={
        "selector": labels, "ports": [{"port": 80, "target_port": 8000, "name": "http"}]})
    ConfigMap("c", metadata={**inside, "name": "c"}, data={"port": service.spec["ports"][0]["port"].apply(str)})
    Deployment("web", metadata={**inside, "name": "web", "annotations": {"pulumi.com/skipAwait": "true"}}, spec={
        "replicas": 2, "selector": {"match_labels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": "web:1"}]}}})
    pulumi.export("place", place.metadata["name"])
"""
OBJECTS = (("v1", "Service", "web"), ("v1", "ConfigMap", "c"), ("apps/v1", "Deployment", "web"))


def test_both_engines_make_the_same_objects(
    api: ApiServer, kube: Kube, engine: DirectEngine, make_stack: MakeStack, tmp_path: Path
) -> None:
    stack = make_stack(PROGRAM, name="parity")
    official = PulumiEngine(log=tmp_path / "log", state=tmp_path / "state", kubeconfig=api.kubeconfig)

    by_direct = _objects_of(engine, kube, stack)
    by_official = _objects_of(official, kube, stack)
    official.close()

    assert by_direct == by_official


def _objects_of(engine: DirectEngine | PulumiEngine, kube: Kube, stack: StackRef) -> dict[str, Object]:
    outputs = engine.up(stack).outputs
    found: dict[str, Object] = {"outputs": dict(outputs)}
    for version, kind, name in OBJECTS:
        live = kube.get(version, kind, "t-parity", name)
        assert live is not None
        found[f"{kind} {name}"] = _declared(live)
    engine.down(stack)
    return found


def _declared(live: Object) -> Object:
    """Without what the server assigns: ids, times, addresses, the bookkeeping of managers, the status."""
    metadata = {key: value for key, value in live["metadata"].items() if key not in {*SERVER_METADATA, "managedFields"}}
    annotations = {key: value for key, value in metadata.get("annotations", {}).items() if "deployment" not in key}
    spec = {key: value for key, value in (live.get("spec") or {}).items() if key not in {"clusterIP", "clusterIPs"}}
    return {**live, "metadata": {**metadata, "annotations": annotations}, "spec": spec, "status": None}
