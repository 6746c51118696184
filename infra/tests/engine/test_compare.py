"""Whether an apply would change an object."""

import copy
from typing import Any

import pytest

from infra.engine.direct.compare import same, unified
from infra.lib.kube import Object


def live() -> Object:
    owner = {"manager": "slipway", "operation": "Apply", "time": "1", "fieldsV1": {"f:data": {"f:k": {}}}}
    status = {"manager": "controller", "operation": "Update", "subresource": "status", "fieldsV1": {"f:status": {}}}
    metadata = {"name": "x", "resourceVersion": "7", "generation": 1, "uid": "u", "managedFields": [owner, status]}
    return {"kind": "ConfigMap", "metadata": metadata, "data": {"k": "v"}, "status": {"phase": "a"}}


def changed(path: str, value: object) -> Object:
    body = copy.deepcopy(live())
    *above, last = path.split(".")
    target: Any = body
    for key in above:
        target = target[int(key)] if key.isdigit() else target[key]
    target[last] = value
    return body


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("metadata.resourceVersion", "8"),
        ("metadata.generation", 2),
        ("metadata.managedFields.0.time", "2"),
        ("metadata.managedFields.1.fieldsV1", {}),
        ("status.phase", "b"),
    ],
)
def test_what_only_the_server_writes_is_no_difference(path: str, value: object) -> None:
    assert same(live(), changed(path, value))


@pytest.mark.parametrize(
    ("path", "value"),
    [("data.k", "w"), ("metadata.labels", {"a": "b"}), ("metadata.managedFields.0.fieldsV1", {"f:data": {}})],
)
def test_a_value_or_an_owner_is_a_difference(path: str, value: object) -> None:
    assert not same(live(), changed(path, value))


def test_a_diff_shows_values_and_hides_a_secrets() -> None:
    assert "-  k: v\n+  k: w\n" in unified(live(), changed("data.k", "w"), "x")
    before, after = ({**body, "kind": "Secret"} for body in (live(), changed("data.k", "w")))
    assert "k: v" not in unified(before, after, "x")
