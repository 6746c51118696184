"""An embedded instance does what a Kubernetes node does. The order matters: later tests break it on purpose."""

import json
import os
import signal
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.cluster import checks
from infra.cluster.embedded import cgroups, process
from infra.cluster.embedded.cluster import EmbeddedCluster
from infra.cluster.embedded.layout import Layout
from infra.cluster.rest import poll
from infra.lib.errors import Exit, SlipwayError
from infra.lib.paths import Instance
from infra.lib.process import capture
from infra.lib.report import silent
from infra.tests.cluster.conftest import Bench
from infra.tests.cluster.node import Node, client, web
from infra.verify import leftovers
from infra.verify.faults import removal

# The instances that these tests make.
OWN = ("t-clu", "t-clu2", "t-ctx")

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def status_of(url: str) -> int:
    """The HTTP status that an anonymous request gets, 0 without an answer."""
    context = ssl._create_unverified_context()  # noqa: S323 - only the status is of interest
    try:
        with urllib.request.urlopen(url, timeout=5, context=context) as answer:  # noqa: S310 - the instance's address
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def component_pid(bench: Bench, name: str) -> int:
    return next(entry.pid for entry in bench.cluster.info().components if entry.name == name)


def test_pod_runs_and_reaches_a_service_by_name(bench: Bench) -> None:
    bench.node.apply(*web())
    bench.node.wait("pod/web", "condition=Ready")
    bench.node.apply(client("web.default.svc.cluster.local"))
    bench.node.wait("pod/client", "jsonpath={.status.phase}=Succeeded")

    assert bench.node.kubectl("logs", "client").strip() == "OK"


def test_logs_and_exec_work(bench: Bench) -> None:
    assert "CoreDNS-" in bench.node.kubectl("logs", "web")
    assert "CoreDNS-1.15" in bench.node.kubectl("exec", "web", "--", "/bin/node", "coredns", "-version")


def test_every_pod_of_the_system_is_healthy(bench: Bench) -> None:
    pods = json.loads(bench.node.kubectl("get", "pods", "-A", "-o", "json"))["items"]
    unready = [pod["metadata"]["name"] for pod in pods if pod["status"]["phase"] not in {"Running", "Succeeded"}]

    assert unready == []


def test_service_answers_on_the_port_of_the_host(bench: Bench, free_port: int) -> None:
    bench.cluster.expose("default", "web", 80, free_port)

    assert status_of(f"http://127.0.0.1:{free_port}/health") == 200
    assert bench.cluster.info().exposed[free_port].endswith(":80")


def test_taken_port_is_refused_naming_its_holder(bench: Bench) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(SlipwayError) as refusal:
            bench.cluster.expose("default", "web", 80, port)

    assert f"process {os.getpid()} " in refusal.value.message
    assert refusal.value.code is Exit.MISSING
    assert refusal.value.hint.startswith("SLIPWAY_PORT=")
    assert port not in bench.cluster.info().exposed


def test_service_that_does_not_exist_is_refused(bench: Bench, free_port: int) -> None:
    with pytest.raises(SlipwayError, match="default/nothing does not exist"):
        bench.cluster.expose("default", "nothing", 80, free_port)


def test_anonymous_may_ask_for_health_only(bench: Bench) -> None:
    ip = bench.cluster.info().node_ip

    assert status_of(f"https://{ip}:6443/readyz") == 200
    assert status_of(f"https://{ip}:6443/api/v1/namespaces") == 401
    assert status_of(f"https://{ip}:10250/pods") == 401


def test_secret_is_encrypted_on_disk_and_a_config_map_is_not(bench: Bench) -> None:
    bench.node.kubectl("create", "secret", "generic", "canary", "--from-literal=word=secret-canary-71")
    bench.node.kubectl("create", "configmap", "canary", "--from-literal=word=plain-canary-71")
    files = [file for file in (Layout(bench.instance).lib / "etcd").rglob("*") if file.is_file()]
    stored = b"".join(file.read_bytes() for file in files)

    assert b"plain-canary-71" in stored
    assert b"secret-canary-71" not in stored


def test_starting_again_writes_nothing(bench: Bench) -> None:
    log = Layout(bench.instance).audit_log
    before = log.stat().st_size
    began = time.monotonic()
    bench.start()

    assert time.monotonic() - began < 10
    assert writes(log, since=before) == []


def writes(log: Path, *, since: int) -> list[str]:
    """Verb and address of the front door's writes after byte `since` of the audit log; dry runs are none."""
    with log.open(encoding="utf-8") as lines:
        lines.seek(since)
        events = [json.loads(line) for line in lines]
    own = [event for event in events if event["user"]["username"].startswith("slipway")]
    return [f"{e['verb']} {e['requestURI']}" for e in own if "dryRun=All" not in e["requestURI"]]


def test_objects_of_the_node_that_somebody_changed_are_put_back(bench: Bench) -> None:
    system = ("-n", "kube-system")
    bench.node.kubectl(*system, "scale", "deployment", "coredns", "--replicas=0")
    bench.node.kubectl(*system, "rollout", "pause", "deployment", "coredns")
    bench.node.kubectl(*system, "patch", "configmap", "coredns", "--patch", '{"data": {"Corefile": ""}}')
    bench.node.kubectl(*system, "delete", "service", "kube-dns")
    bench.node.kubectl("delete", "clusterrolebinding", "slipway-coredns", "slipway-admins")
    bench.start()

    live = json.loads(bench.node.kubectl(*system, "get", "deployment", "coredns", "-o", "json"))
    assert (live["spec"]["replicas"], live["status"]["availableReplicas"]) == (1, 1)
    assert "paused" not in live["spec"]
    log = Layout(bench.instance).audit_log
    before = log.stat().st_size
    bench.start()
    assert writes(log, since=before) == []


def test_write_is_audited_with_user_verb_object_and_dry_run(bench: Bench) -> None:
    bench.node.kubectl("create", "namespace", "audited", "--dry-run=server")
    log = Layout(bench.instance).audit_log
    events: list[dict[str, object]] = []

    def found() -> bool:
        lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
        events[:] = [event for event in lines if event.get("objectRef", {}).get("name") == "audited"]
        return bool(events)

    assert poll(found, deadline=10)
    assert events[0]["verb"] == "create"
    assert "dryRun=All" in str(events[0]["requestURI"])
    assert events[0]["user"]["username"] == "slipway"  # type: ignore[index]  # JSON
    assert events[0]["responseStatus"]["code"] == 201  # type: ignore[index]  # JSON


def test_memory_of_the_idle_control_plane_is_within_its_share(bench: Bench) -> None:
    used = sum(entry.memory for entry in bench.cluster.info().components)

    assert 100 * 2**20 < used < 0.95 * 2**30


def restarted(bench: Bench, name: str) -> Callable[[], bool]:
    return lambda: any(
        entry.name == name and entry.state == "running" and entry.restarts == 1
        for entry in bench.cluster.info().components
    )


def test_two_instances_run_side_by_side(bench: Bench) -> None:
    second = EmbeddedCluster(Instance.named("t-clu2"))
    try:
        second.start(silent, images=bench.images)
        one, two = bench.cluster.info(), second.info()

        assert (one.running, two.running) == (True, True)
        assert {one.node_range, one.pod_range, one.service_range}.isdisjoint(
            {two.node_range, two.pod_range, two.service_range}
        )
        nodes = Node(Instance.named("t-clu2")).kubectl("get", "nodes", "-o", "jsonpath={.items[*].metadata.name}")
        assert nodes == "t-clu2"
    finally:
        second.delete(silent)
    assert bench.cluster.running()
    assert bench.node.kubectl("get", "pods", "web", "-o", "jsonpath={.status.phase}") == "Running"


def test_killed_component_is_started_again(bench: Bench) -> None:
    first = component_pid(bench, "kube-scheduler")
    os.kill(first, signal.SIGKILL)

    assert poll(restarted(bench, "kube-scheduler"), deadline=30)
    assert component_pid(bench, "kube-scheduler") not in {0, first}


def test_everything_killed_comes_back_with_its_data_and_port(bench: Bench) -> None:
    (port,) = bench.cluster.info().exposed
    bench.node.kubectl("create", "configmap", "kept", "--from-literal=word=kept")
    for entry in bench.cluster.info().components:
        os.kill(entry.pid, signal.SIGKILL)
    os.kill(bench.cluster.info().supervisor_pid, signal.SIGKILL)
    assert poll(lambda: not bench.cluster.running(), deadline=10)
    assert "cgroup" in next(iter(checks.leftovers(Layout(bench.instance)))).message

    bench.start()

    assert bench.node.kubectl("get", "configmap", "kept", "-o", "jsonpath={.data.word}") == "kept"
    bench.node.wait("pod/web", "condition=Ready")
    assert poll(lambda: status_of(f"http://127.0.0.1:{port}/health") == 200, deadline=30)


def test_half_made_state_is_put_right_by_start(bench: Bench) -> None:
    layout = Layout(bench.instance)
    bench.cluster.stop()
    assert process.alive(layout) == 0
    # What kills at bad moments leave: a link, a group; a status, a plan, addresses and a certificate cut short.
    capture(["ip", "link", "add", layout.link, "type", "bridge"])
    cgroups.create(cgroups.hierarchies(), f"{layout.cgroup}/kubepods/besteffort", controllers=False)
    layout.status.write_text('{"pid": 1, "compo')
    layout.plan.write_text("{")
    (layout.pki / "apiserver.crt").write_text("")
    layout.network.with_suffix(".new").write_text("{")
    layout.network.write_text('{"block": "10.1')

    bench.start()

    assert bench.node.kubectl("get", "configmap", "kept", "-o", "jsonpath={.data.word}") == "kept"


def test_without_restarts_a_killed_component_stays_dead(bench: Bench) -> None:
    """The twin of `test_killed_component_is_started_again`: that test can fail."""
    lazy = EmbeddedCluster(bench.instance, restart=False)
    lazy.start(silent, images=bench.images)
    os.kill(component_pid(bench, "kube-scheduler"), signal.SIGKILL)

    assert not poll(restarted(bench, "kube-scheduler"), deadline=5)
    assert component_pid(bench, "kube-scheduler") == 0


def test_delete_leaves_nothing(bench: Bench) -> None:
    own_network = Path(f"/proc/{bench.cluster.info().supervisor_pid}/ns/net").readlink()
    present = leftovers.left(bench.before, leftovers.take())
    assert any(leftover.kind == "links" for leftover in present), "the comparison sees nothing at all"

    bench.cluster.delete(silent)
    bench.cluster.delete(silent)

    assert poll(lambda: str(own_network) not in leftovers.take().namespaces, deadline=10)
    assert [removal.remaining(bench.before, instance) for instance in OWN] == [()] * len(OWN)
