"""Who wrote what he does not own is found in a live object."""

from typing import Any

import pytest

from infra.lib.ownership import ownership
from infra.verify.writers import paths, strangers, trespasses

Object = dict[str, Any]


def live(manager: str, fields: Object, *, kind: str = "Deployment", **entry: str) -> Object:
    return {
        "kind": kind,
        "metadata": {"name": "web", "managedFields": [{"manager": manager, "fieldsV1": fields, **entry}]},
    }


REPLICAS: Object = {"f:spec": {"f:replicas": {}}}
IMAGE: Object = {"f:spec": {"f:template": {"f:spec": {"f:containers": {'k:{"name":"web"}': {".": {}, "f:image": {}}}}}}}


@pytest.mark.parametrize(
    ("written", "scaled", "number"),
    [
        (live("helm", IMAGE), False, 0),
        (live("kubectl-edit", IMAGE), False, 1),
        (live("someone", IMAGE), False, 1),
        (live("kube-controller-manager", REPLICAS, subresource="scale"), True, 0),
        (live("kube-controller-manager", REPLICAS, subresource="scale"), False, 1),
        (live("kube-controller-manager", IMAGE), True, 1),
        (live("kubelet", {"f:status": {"f:x": {}}}, subresource="status"), False, 0),
    ],
)
def test_a_writer_is_an_owner_or_is_told(written: Object, scaled: bool, number: int) -> None:
    assert len(list(trespasses(ownership(), written, owner="helm", scaled=scaled))) == number


def test_a_writer_whom_the_map_does_not_know_is_told() -> None:
    known = [live("helm", IMAGE), live("Helm", IMAGE), live("istio.io/gateway-controller", IMAGE)]

    assert strangers(ownership(), known) == set()
    assert strangers(ownership(), [*known, live("unknown", IMAGE)]) == {"unknown"}


def test_paths_name_items_by_their_keys() -> None:
    assert list(paths(IMAGE)) == [("spec", "template", "spec", "containers", '{"name": "web"}', "image")]
