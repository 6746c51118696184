"""Objects of the node are put back; an API server of dicts stands in for the real one."""

import copy
from typing import Any

import pytest

from infra.cluster.embedded import dns, objects
from infra.cluster.embedded.addresses import Network
from infra.cluster.rest import Rest
from infra.lib.errors import SlipwayError

MADE = dns.objects(Network("10.180.0.0/16"), image="slipway.local/coredns:1")
DEPLOYMENT = "/apis/apps/v1/namespaces/kube-system/deployments/coredns"
ADMINS = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/slipway-admins"
Data = dict[str, Any]


class Server(Rest):
    """Keeps objects by path, fills in one default, refuses a change of a role's reference."""

    def __init__(self) -> None:
        self.kept: dict[str, Data] = {}
        self.writes: list[str] = []
        self.silent = False

    def call(
        self, method: str, path: str, *, body: object = None, content: str = "application/json"
    ) -> tuple[int, Any]:
        del content
        place, _, query = path.partition("?")
        have = self.kept.get(place)
        if self.silent:
            return 0, "connection refused"
        if method == "GET":
            return (200, copy.deepcopy(have)) if have else (404, {"message": "not found"})
        if method == "PUT" and have and isinstance(body, dict) and have.get("roleRef") != body.get("roleRef"):
            return 422, {"message": "roleRef: cannot change roleRef"}
        if "dryRun=All" not in query:
            self.writes.append(f"{method} {place}")
            if method == "DELETE":
                del self.kept[place]
                return 200, {}
            self.kept[place] = defaulted(body)
        return 200, defaulted(body)


def defaulted(body: object) -> Data:
    assert isinstance(body, dict)
    made = copy.deepcopy(body)
    made["metadata"].setdefault("uid", "1")
    made.setdefault("spec", {}).setdefault("defaulted", True)
    return made


@pytest.fixture
def server() -> Server:
    made = Server()
    objects.restore(made, MADE)
    assert sorted(made.kept) == sorted(path for path, _ in MADE)
    made.writes.clear()
    return made


def test_untouched_objects_are_not_written(server: Server) -> None:
    server.kept[DEPLOYMENT]["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "1"
    server.kept[DEPLOYMENT]["metadata"]["resourceVersion"] = "77"
    server.kept[DEPLOYMENT]["status"] = {"replicas": 1}
    objects.restore(server, MADE)

    assert server.writes == []


@pytest.mark.parametrize("path", [path for path, _ in MADE])
def test_missing_object_is_made_again(server: Server, path: str) -> None:
    del server.kept[path]
    objects.restore(server, MADE)

    assert server.writes == [f"PATCH {path}"]


@pytest.mark.parametrize("path", [path for path, _ in MADE])
def test_lost_label_is_put_back(server: Server, path: str) -> None:
    server.kept[path]["metadata"]["labels"] = {}
    objects.restore(server, MADE)

    assert server.writes == [f"PUT {path}"]
    assert server.kept[path]["metadata"]["labels"] == dns.LABELS


@pytest.mark.parametrize("change", [{"replicas": 0}, {"paused": True}])
def test_changed_and_added_fields_are_put_back(server: Server, change: Data) -> None:
    before = copy.deepcopy(server.kept)
    server.kept[DEPLOYMENT]["spec"] |= change
    objects.restore(server, MADE)

    assert server.writes == [f"PUT {DEPLOYMENT}"]
    assert server.kept == before


def test_object_with_another_fixed_field_is_replaced(server: Server) -> None:
    server.kept[ADMINS]["roleRef"] = {"name": "view"}
    objects.restore(server, MADE)

    assert server.writes == [f"DELETE {ADMINS}", f"PATCH {ADMINS}"]
    assert server.kept[ADMINS]["roleRef"]["name"] == "cluster-admin"


def test_server_that_does_not_answer_is_named_with_its_words(server: Server) -> None:
    server.silent = True

    with pytest.raises(SlipwayError, match="slipway-admins: connection refused"):
        objects.restore(server, MADE, deadline=0.1)
