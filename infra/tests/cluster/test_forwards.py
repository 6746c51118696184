"""Ports of the host that lead to Services; supervisor and API server are stand-ins."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.cluster import ports
from infra.cluster.embedded import forwards, process
from infra.cluster.embedded.addresses import Network
from infra.cluster.embedded.layout import Layout
from infra.cluster.rest import Rest
from infra.lib import paths
from infra.lib.errors import SlipwayError
from infra.lib.paths import Instance

NETWORK = Network("10.180.0.0/16")
FIRST, SECOND = "10.180.128.20", "10.180.128.30"


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    """Two Services, todo/web and data/db; whatever is asked for is served at once."""
    monkeypatch.setattr(paths, "STATE_ROOT", tmp_path)
    made = Layout(Instance("demo"))
    made.instance.state.mkdir()
    items = [service("todo", "web", FIRST), service("data", "db", SECOND), service("data", "db-nodes", "None")]
    monkeypatch.setattr(Rest, "__init__", lambda *_, **__: None)
    monkeypatch.setattr(Rest, "get", lambda *_: {"items": items})
    monkeypatch.setattr(ports, "free", lambda _: True)
    monkeypatch.setattr(process, "reload", lambda _: None)
    monkeypatch.setattr(forwards, "_serving", lambda *_, **__: True)
    return made


def service(namespace: str, name: str, address: str) -> dict[str, Any]:
    return {"metadata": {"namespace": namespace, "name": name}, "spec": {"clusterIP": address}}


def expose(layout: Layout, host_port: int, *, namespace: str = "todo", name: str = "web") -> None:
    forwards.expose(layout, NETWORK, namespace=namespace, service=name, port=80, host_port=host_port)


def test_another_port_takes_the_place_of_the_earlier_one(layout: Layout) -> None:
    expose(layout, 18080)
    expose(layout, 18081, namespace="data", name="db")
    expose(layout, 18091)

    assert forwards.read(layout) == {18081: f"{SECOND}:80", 18091: f"{FIRST}:80"}


def test_earlier_ports_of_files_that_only_grew_go(layout: Layout) -> None:
    earlier = {18080: f"{FIRST}:80", 18091: f"{FIRST}:80", 18092: "10.180.128.99:80"}
    layout.forwards.write_text(json.dumps(earlier))
    expose(layout, 18091)

    assert forwards.read(layout) == {18091: f"{FIRST}:80"}


@pytest.mark.parametrize(("name", "why"), [("nothing", "does not exist"), ("db-nodes", "has no address")])
def test_service_without_an_address_is_refused_with_a_command_that_can_be_typed(
    layout: Layout, name: str, why: str
) -> None:
    with pytest.raises(SlipwayError, match=f"data/{name} {why}") as refusal:
        expose(layout, 18080, namespace="data", name=name)

    assert refusal.value.hint == "SLIPWAY_INSTANCE=demo .venv/bin/slipway kubectl -n data get services"
    assert forwards.read(layout) == {}
