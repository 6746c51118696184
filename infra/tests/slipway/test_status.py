"""`status`: the same facts for people and programs."""

import io
import json
from datetime import UTC, datetime

import pytest
from rich.console import Console

from infra.cluster.api import ClusterInfo, Component
from infra.slipway import status
from infra.slipway.kube import PodFact
from infra.tests.slipway import fakes

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
INFO = ClusterInfo(
    kind="embedded",
    running=True,
    server="https://10.0.0.2:6443",
    components=(Component("etcd", "running", 7, 0, NOW.timestamp() - 90, memory=64 * 2**20),),
    exposed={8080: "todo/todo-app-web:80"},
)
GOOD = PodFact(
    namespace="todo", name="web", phase="Running", ready=1, containers=1, restarts=0, age=7000, images=("r/x:1",)
)
BAD = PodFact(
    namespace="data", name="db", phase="Pending", ready=0, containers=1, restarts=2, age=5, reason="Unschedulable"
)


def test_urls_are_only_what_is_really_served() -> None:
    assert status.urls(INFO) == {
        "todo/todo-app-web:80": "http://127.0.0.1:8080/",
        "Kubernetes API": "https://10.0.0.2:6443",
    }
    assert status.urls(ClusterInfo(kind="embedded", running=True)) == {}
    gateway = ClusterInfo(kind="embedded", running=True, exposed={8080: "10.1.2.3:443"})
    assert status.urls(gateway) == {"10.1.2.3:443": "https://127.0.0.1:8080/"}


def test_the_tables_hold_components_pods_reasons_and_images() -> None:
    console = Console(file=io.StringIO(), width=160)
    status.show(console, fakes.session(), INFO, [BAD, GOOD], now=NOW)
    shown = console.file.getvalue()  # type: ignore[attr-defined]  # the StringIO above

    for word in ("http://127.0.0.1:8080/", "etcd", "90s", "64", "Unschedulable", "0/1", "116m", "x:1"):
        assert word in shown


@pytest.mark.parametrize(("pods", "healthy"), [([GOOD], True), ([GOOD, BAD], False)])
def test_json_says_whether_all_is_well(pods: list[PodFact], healthy: bool) -> None:
    told = json.loads(json.dumps(status.as_json(fakes.session(), INFO, pods)))

    assert told["healthy"] is healthy
    assert told["pods"][0]["healthy"] is True
    assert told["components"][0]["pid"] == 7


def test_a_component_that_is_down_is_not_healthy() -> None:
    down = ClusterInfo(kind="embedded", running=True, components=(Component("etcd", "backoff", 0, 3, 0.0),))

    assert status.as_json(fakes.session(), down, [GOOD])["healthy"] is False


@pytest.mark.parametrize(
    ("seconds", "shown"), [(47, "47s"), (720, "12m"), (10800, "3h"), (432000, "5d"), (119, "119s")]
)
def test_durations_are_rounded_as_kubectl_does(seconds: float, shown: str) -> None:
    assert status.duration(seconds) == shown
