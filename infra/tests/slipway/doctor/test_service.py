"""A service that is dead is never called healthy."""

import json
from typing import cast

import pytest
from lightkube.resources.apps_v1 import DaemonSet, Deployment
from lightkube.resources.discovery_v1 import EndpointSlice

from infra.slipway.doctor import service
from infra.slipway.front import Door


def deployment(name: str, namespace: str, available: int) -> Deployment:
    metadata = {"name": name, "namespace": namespace}
    spec = {"replicas": 2, "selector": {}, "template": {}}
    made = Deployment.from_dict({"metadata": metadata, "spec": spec, "status": {"availableReplicas": available}})
    return cast("Deployment", made)


DNS = deployment("coredns", "kube-system", 2)


@pytest.mark.parametrize(("available", "level"), [(2, "ok"), (1, "fail"), (0, "fail")])
def test_too_few_pods_are_told(available: int, level: str) -> None:
    (finding,) = service.controllers([DNS, deployment("web", "todo", available)])

    assert finding.level == level


def test_a_daemon_set_without_its_pods_is_told() -> None:
    status = {"desiredNumberScheduled": 1, "currentNumberScheduled": 1, "numberMisscheduled": 0, "numberReady": 0}
    metadata = {"name": "d", "namespace": "x"}
    spec: dict[str, dict[str, str]] = {"selector": {}, "template": {}}
    made = cast("DaemonSet", DaemonSet.from_dict({"metadata": metadata, "spec": spec, "status": status}))
    (finding,) = service.controllers([DNS, made])

    assert (finding.level, finding.subject) == ("fail", "DaemonSet x/d")


def test_a_cluster_without_coredns_is_told() -> None:
    (finding,) = service.controllers([])

    assert (finding.level, finding.subject) == ("fail", "Deployment kube-system/coredns")


@pytest.mark.parametrize(("there", "level"), [(True, "ok"), (False, "fail")])
def test_a_recorded_object_that_is_gone_is_told(there: bool, level: str) -> None:
    recorded = {"api_version": "v1", "kind": "Service", "namespace": "data", "name": "redis"}
    inventory = {"data": {"inventory.json": json.dumps({"stack": "data", "objects": [recorded]})}}
    (finding,) = service.inventories([inventory], lambda *_: there)

    assert finding.level == level


@pytest.mark.parametrize(
    ("exists", "ready", "level"), [(True, True, "ok"), (True, False, "fail"), (False, False, "fail")]
)
def test_a_service_that_leads_nowhere_is_told(exists: bool, ready: bool, level: str) -> None:
    endpoint = {"addresses": ["10.0.0.1"], "conditions": {"ready": ready}}
    content = {"addressType": "IPv4", "metadata": {}, "endpoints": [endpoint]}
    one = cast("EndpointSlice", EndpointSlice.from_dict(content))
    (finding,) = service.endpoints(exists=exists, slices=[one])

    assert finding.level == level


@pytest.mark.parametrize("door", [None, Door(port=1, secure=False), Door(port=1, secure=True)])
def test_a_page_that_does_not_answer_is_told(door: Door | None) -> None:
    (finding,) = service.page(door, port=1)

    assert finding.level == "fail"
