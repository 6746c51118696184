"""An address of nobody, and an undeclared call, is found wherever a pod may be told it."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from infra.graph.load import service_graph
from infra.tests.graph import told
from infra.tests.stacks.objects import Object, world

GRAPH = service_graph()
NAME = "more"
PLACE = "relay"
Tell = Callable[[dict[str, Any], str], object]


def _box(pod: dict[str, Any]) -> dict[str, Any]:
    box: dict[str, Any] = pod["containers"][0]
    return box


def _mount(pod: dict[str, Any], volume: dict[str, Any]) -> None:
    pod.setdefault("volumes", []).append({"name": NAME, **volume})


def _exec(address: str) -> dict[str, Any]:
    return {"exec": {"command": ["sh", "-c", f"curl {address} | grep -q ok"]}}


FILE = {"name": NAME}
CHOSEN = [{"key": "file.conf", "path": "f"}]
BY_PROJECTION = {"projected": {"sources": [{"serviceAccountToken": {"path": "token"}}, {"configMap": FILE}]}}
BY_KEY = {"valueFrom": {"configMapKeyRef": {"name": NAME, "key": "file.conf"}}}
# Where an address is put into the pod; the config map has it in any case.
PLACES: dict[str, Tell] = {
    "a file of a volume": lambda pod, _: _mount(pod, {"configMap": FILE}),
    "one chosen file": lambda pod, _: _mount(pod, {"configMap": {**FILE, "items": CHOSEN}}),
    "a projected file": lambda pod, _: _mount(pod, BY_PROJECTION),
    "variables of a config map": lambda pod, _: _box(pod).setdefault("envFrom", []).append({"configMapRef": FILE}),
    "a variable of a config map": lambda pod, _: _box(pod).setdefault("env", []).append({"name": "X", **BY_KEY}),
    "a startup probe": lambda pod, address: _box(pod).update(startupProbe=_exec(address)),
    "a readiness probe": lambda pod, address: _box(pod).update(readinessProbe=_exec(address)),
    "a liveness probe": lambda pod, address: _box(pod).update(livenessProbe=_exec(address)),
    "the host of a probe": lambda pod, address: _box(pod).update(
        livenessProbe={"httpGet": {"host": address.partition(":")[0], "path": "/", "port": 80}}
    ),
    "the socket of a probe": lambda pod, address: _box(pod).update(
        readinessProbe={"tcpSocket": {"host": address.partition(":")[0], "port": 80}}
    ),
    "after the start": lambda pod, address: _box(pod).update(lifecycle={"postStart": _exec(address)}),
    "before the end": lambda pod, address: _box(pod).update(lifecycle={"preStop": _exec(address)}),
    "a hook's request": lambda pod, address: _box(pod).update(
        lifecycle={"preStop": {"httpGet": {"host": address.partition(":")[0], "path": "/", "port": 80}}}
    ),
    "a first container": lambda pod, address: pod.setdefault("initContainers", []).append(
        {"name": "first", "startupProbe": _exec(address)}
    ),
}


def telling(tell: Tell, address: str, *, component: str = PLACE, namespace: str = "") -> Sequence[Object]:
    """The local world where one workload is told an address, in a config map of its namespace or of another."""
    found = []
    for item in world("local"):
        if item.is_workload and item.pod_labels.get("app.kubernetes.io/component") == component:
            changed = replace(item, manifest=copy.deepcopy(item.manifest))
            tell(changed.pod, address)
            metadata = {"name": NAME, "namespace": namespace or item.namespace}
            data = {"file.conf": f"# where it is\nsearch = {address}\n", "empty.conf": ""}
            found += [changed, Object(item.stack, {"kind": "ConfigMap", "metadata": metadata, "data": data})]
        else:
            found.append(item)
    return found


@pytest.mark.parametrize("place", PLACES)
def test_an_address_of_nobody_is_found_wherever_it_stands(place: str) -> None:
    found = list(told.unknown(GRAPH, telling(PLACES[place], "elastic.data:9200")))

    assert len(found) == 1
    assert "elastic.data" in found[0]


@pytest.mark.parametrize("place", PLACES)
def test_so_is_a_call_that_is_not_declared(place: str) -> None:
    objects = telling(PLACES[place], "postgresql.data:5432", component="cache")

    assert [each for each in told.undeclared(GRAPH, objects) if "redis is told where postgresql is" in each]


@pytest.mark.parametrize("place", PLACES)
def test_a_call_that_is_declared_is_fine_there(place: str) -> None:
    objects = telling(PLACES[place], "postgresql.data:5432")

    assert [*told.unknown(GRAPH, objects), *told.undeclared(GRAPH, objects)] == []


@pytest.mark.parametrize("place", ["a file of a volume", "a projected file", "variables of a config map"])
def test_a_config_map_of_another_namespace_is_not_what_the_pod_has(place: str) -> None:
    assert list(told.unknown(GRAPH, telling(PLACES[place], "elastic.data:9200", namespace="elsewhere"))) == []


def test_a_file_that_is_not_chosen_is_not_there() -> None:
    def tell(pod: dict[str, Any], _: str) -> None:
        _mount(pod, {"configMap": {**FILE, "items": [{"key": "empty.conf", "path": "f"}]}})

    assert list(told.unknown(GRAPH, telling(tell, "elastic.data:9200"))) == []


@pytest.mark.parametrize(
    "address", ["127.0.0.1:8200", "http://localhost:8001/healthz", "0.0.0.0:8200", "[::]:8200", "[::1]:8200"]
)
def test_what_listens_or_asks_its_own_pod_calls_nobody(address: str) -> None:
    assert list(told.unknown(GRAPH, telling(PLACES["a readiness probe"], address))) == []


@pytest.mark.parametrize("address", ["http://localhost:x@elastic.data", "127.0.0.1.elastic.data:9200", "128.0.0.1"])
def test_what_only_begins_like_ones_own_is_somebodys(address: str) -> None:
    assert len(list(told.unknown(GRAPH, telling(PLACES["a readiness probe"], address)))) == 1
