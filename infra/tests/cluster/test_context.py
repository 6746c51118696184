"""A cluster by its context; against an embedded instance where marked e2e."""

import contextlib
import json
import socket
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.cluster import context as module
from infra.cluster.context import ContextCluster
from infra.cluster.ports import free
from infra.cluster.rest import poll
from infra.lib import paths
from infra.lib.errors import Exit, SlipwayError
from infra.lib.paths import Instance
from infra.lib.report import silent
from infra.tests.cluster.conftest import Bench
from infra.tests.cluster.node import web

CONFIG = {
    "clusters": [
        {"name": "far", "cluster": {"server": "https://192.0.2.1:6443", "certificate-authority-data": "QQ=="}}
    ],
    "contexts": [{"name": "far-admin", "context": {"cluster": "far", "user": "me"}}],
    "users": [{"name": "me", "user": {}}],
}


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two files in KUBECONFIG, the second with the context; no instance on this machine."""
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text("clusters: null\ncontexts: []\n")
    second.write_text(json.dumps(CONFIG))
    monkeypatch.setenv("KUBECONFIG", f"{first}:{second}")
    monkeypatch.setenv("SLIPWAY_CACHE", str(tmp_path / "cache"))
    # Below a file nothing can be made, as below root's folders for everybody else.
    monkeypatch.setattr(paths, "STATE_ROOT", first / "state")
    monkeypatch.setattr(paths, "RUN_ROOT", first / "run")
    return second


def test_a_context_that_no_file_has_is_bad_input_not_a_cluster_that_is_down(configured: Path) -> None:
    cluster = ContextCluster(Instance("demo"), name="unknown")

    for ask in (cluster.running, lambda: cluster.load_images({}, silent)):
        with pytest.raises(SlipwayError, match="no context of that name") as caught:
            ask()
        assert caught.value.code == Exit.BAD_INPUT
        assert "far-admin" in " ".join(caught.value.details), configured


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{contexts: 5}", "is no kubeconfig, or has no contexts"),
        (": : :\n\x00", "is no kubeconfig, or has no contexts"),
        ("{contexts: [{name: far-admin}]}", "contexts there: none"),
        ("{contexts: [{name: far-admin, context: {cluster: gone}}]}", "no server for its cluster 'gone'"),
    ],
)
def test_a_damaged_kubeconfig_is_bad_input(content: str, said: str, configured: Path) -> None:
    configured.write_text(content)

    with pytest.raises(SlipwayError) as caught:
        ContextCluster(Instance("demo"), name="far-admin").running()

    assert caught.value.code == Exit.BAD_INPUT
    assert said in " ".join([caught.value.message, *caught.value.details])


LISTENER = """
import socket, sys, time
server = socket.create_server(("127.0.0.1", int(sys.argv[-1].split(":")[0])))
time.sleep(60)
"""


@pytest.fixture
def forwarding(configured: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ContextCluster]:
    """A context whose kubectl only listens."""
    assert configured.is_file()
    monkeypatch.setattr(ContextCluster, "_command", lambda *_: [sys.executable, "-S", "-c", LISTENER])
    cluster = ContextCluster(Instance("demo"), name="far-admin")
    yield cluster
    cluster.stop()


def test_ports_are_served_without_root_and_another_port_replaces_the_earlier(
    forwarding: ContextCluster, tmp_path: Path
) -> None:
    one, two, three = free_ports(3)
    forwarding.expose("todo", "web", 80, one)
    forwarding.expose("data", "db", 80, two)
    forwarding.expose("todo", "web", 80, three)
    forwarding.expose("todo", "web", 80, three)

    assert forwarding._exposed() == {two: "data/db:80", three: "todo/web:80"}
    assert (free(one), free(two), free(three)) == (True, False, False)

    forwarding.delete(silent)
    assert free(two)
    assert free(three)
    assert not (tmp_path / "cache").exists() or list((tmp_path / "cache").iterdir()) == []


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as held:
        probes = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [int(probe.getsockname()[1]) for probe in probes]


def test_file_with_the_context_is_found(configured: Path) -> None:
    cluster = ContextCluster(Instance("demo"), name="far-admin")

    assert cluster.kubeconfig() == configured
    assert cluster.context() == "far-admin"


def test_unknown_context_is_refused_naming_the_files(configured: Path) -> None:
    with pytest.raises(SlipwayError) as refusal:
        ContextCluster(Instance("demo"), name="near").kubeconfig()

    assert str(configured) in refusal.value.message
    assert refusal.value.hint == "make up CLUSTER=context:far-admin"
    assert refusal.value.code is Exit.BAD_INPUT


def test_images_that_the_nodes_lack_are_named(configured: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node = {"status": {"images": [{"names": ["slipway.local/redis:1"]}]}}
    monkeypatch.setattr(module, "IMAGES", 0.1)
    monkeypatch.setattr(ContextCluster, "_kubectl", lambda *_: json.dumps({"items": [node]}))
    cluster = ContextCluster(Instance("demo"), name="far-admin")
    cluster.load_images({"slipway.local/redis:1": configured}, silent)

    with pytest.raises(SlipwayError) as refusal:
        cluster.load_images({"slipway.local/redis:1": configured, "slipway.local/app:2": configured}, silent)
    assert refusal.value.details == (f"slipway.local/app:2 is in {configured}",)


@pytest.mark.e2e
def test_context_of_an_embedded_instance_is_served(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    port = 18000 + bench.cluster.info().supervisor_pid % 2000
    monkeypatch.setenv("KUBECONFIG", str(bench.instance.kubeconfig))
    cluster = ContextCluster(Instance.named("t-ctx"), name="slipway-t-clu")
    cluster.start(silent, images=bench.images)
    try:
        cluster.load_images(bench.extra, silent)
        bench.node.apply(*web("far"))
        bench.node.wait("pod/far", "condition=Ready")
        cluster.expose("default", "far", 80, port)
        assert answers(port)
        assert cluster.info().exposed == {port: "default/far:80"}

        bench.node.kubectl("delete", "pod", "far", "--wait")
        bench.node.apply(*web("far"))
        bench.node.wait("pod/far", "condition=Ready")
        assert poll(lambda: answers(port), deadline=30), "the port-forward did not come back with a new pod"
    finally:
        cluster.delete(silent)
        bench.node.kubectl("delete", "pod,service,configmap", "far", check=False)

    assert not answers(port)
    assert not cluster._folder.exists()
    assert bench.cluster.running()


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2) as answer:
            return bool(answer.read() == b"OK")
    except OSError:
        return False
