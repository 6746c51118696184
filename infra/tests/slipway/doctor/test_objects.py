"""Each known failure of a cluster is found, named and given a remedy."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from lightkube.models.core_v1 import NamespaceStatus
from lightkube.resources.core_v1 import Namespace, Node, Pod

from infra.lib.findings import Finding
from infra.slipway.doctor import objects
from infra.slipway.kube import PodFact, pod_fact

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def node(ready: str = "True", **pressures: str) -> Node:
    conditions: list[dict[str, Any]] = [
        {"type": "Ready", "status": ready, "reason": "KubeletNotReady", "message": "no network plugin"},
        *({"type": kind, "status": value} for kind, value in pressures.items()),
    ]
    return cast("Node", Node.from_dict({"metadata": {"name": "n1"}, "status": {"conditions": conditions}}))


def namespace(content: dict[str, Any]) -> Namespace:
    return cast("Namespace", Namespace.from_dict(content))


def pod(**status: Any) -> PodFact:  # noqa: ANN401 - any field of a pod's status
    made = Pod.from_dict(
        {
            "metadata": {
                "name": "web", "namespace": "todo", "creationTimestamp": (NOW - timedelta(minutes=10)).isoformat()
            },
            "spec": {"containers": [{"name": "app", "image": "x:1"}]},
            "status": status,
        }
    )  # fmt: skip
    return pod_fact(cast("Pod", made), now=NOW)


def container(*, ready: bool = False, restarts: int = 0, **state: Any) -> dict[str, Any]:  # noqa: ANN401 - any state
    return {"name": "app", "ready": ready, "restartCount": restarts, "image": "x", "imageID": "", "state": state}


def only(findings: list[Finding]) -> Finding:
    (finding,) = findings
    return finding


def test_a_ready_node_is_fine() -> None:
    assert only(objects.nodes([node()])).level == "ok"


def test_a_node_that_is_not_ready_is_told_with_the_kubelets_reason() -> None:
    finding = only(objects.nodes([node(ready="False")]))

    assert finding.level == "fail"
    assert "KubeletNotReady: no network plugin" in finding.message
    assert finding.remedy == ".venv/bin/slipway logs kubelet"


def test_a_node_under_pressure_is_told() -> None:
    finding = only(objects.nodes([node(DiskPressure="True", MemoryPressure="False")]))

    assert (finding.level, "DiskPressure" in finding.message, "MemoryPressure" in finding.message) == (
        "fail", True, False
    )  # fmt: skip


def test_a_cluster_without_a_node_is_told() -> None:
    assert only(objects.nodes([])).level == "fail"


def test_a_namespace_stuck_in_deletion_is_told_with_what_holds_it() -> None:
    held = "Some content in the namespace has finalizers remaining: demo.example/hold in 1 resource instances"
    stuck = namespace(
        {
            "metadata": {"name": "data"},
            "spec": {"finalizers": ["kubernetes"]},
            "status": {
                "phase": "Terminating",
                "conditions": [{"type": "NamespaceFinalizersRemaining", "status": "True", "message": held}],
            },
        }
    )
    finding = only(objects.namespaces([stuck], now=NOW))

    assert finding.level == "fail"
    assert held in finding.message
    assert "-n data" in finding.remedy


def test_a_terminating_namespace_without_conditions_names_its_finalizers() -> None:
    stuck = namespace({"metadata": {"name": "x"}, "spec": {"finalizers": ["hold"]}, "status": {"phase": "Terminating"}})

    assert "finalizers hold" in only(objects.namespaces([stuck], now=NOW)).message


@pytest.mark.parametrize(("seconds", "level"), [(10, "ok"), (61, "fail")])
def test_a_namespace_gets_a_minute_to_go(seconds: int, level: str) -> None:
    since = (NOW - timedelta(seconds=seconds)).isoformat()
    going = namespace({"metadata": {"name": "x", "deletionTimestamp": since}, "status": {"phase": "Terminating"}})

    assert only(objects.namespaces([going], now=NOW)).level == level


def test_an_active_namespace_is_fine() -> None:
    active = namespace({"metadata": {"name": "todo"}})
    active.status = NamespaceStatus(phase="Active")

    assert only(objects.namespaces([active], now=NOW)).level == "ok"


@pytest.mark.parametrize(
    "fact",
    [
        pod(phase="Running", containerStatuses=[container(ready=True, restarts=7)]),
        pod(phase="Succeeded", containerStatuses=[container(terminated={"exitCode": 0})]),
    ],
)
def test_running_and_completed_pods_are_fine(fact: PodFact) -> None:
    assert only(objects.pods([fact])).level == "ok"


def test_a_crash_loop_is_told_and_leads_to_the_previous_logs() -> None:
    waiting = container(restarts=4, waiting={"reason": "CrashLoopBackOff", "message": "back-off 40s"})
    finding = only(objects.pods([pod(phase="Running", containerStatuses=[waiting])]))

    assert finding.level == "fail"
    assert "crash-looping, 4 restarts" in finding.message
    assert finding.remedy.endswith("--previous")


def test_an_image_that_cannot_be_pulled_is_told() -> None:
    waiting = container(waiting={"reason": "ErrImageNeverPull", "message": "not present"})
    finding = only(objects.pods([pod(phase="Pending", containerStatuses=[waiting])]))

    assert (finding.level, "app: ErrImageNeverPull not present" in finding.message) == ("fail", True)


def test_a_pod_that_fits_on_no_node_is_told_with_the_schedulers_reason() -> None:
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "Insufficient memory"}
    finding = only(objects.pods([pod(phase="Pending", conditions=[condition])]))

    assert "Unschedulable: Insufficient memory" in finding.message


def test_a_pod_that_has_just_begun_is_only_a_warning() -> None:
    fact = PodFact(namespace="todo", name="web", phase="Pending", ready=0, containers=1, restarts=0, age=5)

    assert only(objects.pods([fact])).level == "warn"


def test_a_failed_init_container_is_the_reason() -> None:
    failed = container(terminated={"exitCode": 3, "reason": "Error"})
    fact = pod(phase="Pending", initContainerStatuses=[failed])

    assert fact.reason == "app: Error (exit 3)"


@pytest.mark.parametrize(("overdue", "level"), [(-40, "ok"), (20, "ok"), (31, "fail")])
def test_a_pod_that_ends_within_its_grace_period_is_no_finding(overdue: float, level: str) -> None:
    metadata = {
        "name": "web",
        "namespace": "todo",
        "creationTimestamp": (NOW - timedelta(hours=1)).isoformat(),
        "deletionTimestamp": (NOW - timedelta(seconds=overdue)).isoformat(),
    }
    spec = {"containers": [{"name": "app", "image": "x:1"}]}
    made = Pod.from_dict({"metadata": metadata, "spec": spec, "status": {"phase": "Running"}})

    assert only(objects.pods([pod_fact(cast("Pod", made), now=NOW)])).level == level


@pytest.mark.parametrize(("where", "meshed"), [("containers", True), ("initContainers", True), ("", False)])
def test_a_sidecar_of_either_kind_is_seen(where: str, meshed: bool) -> None:
    spec: dict[str, Any] = {"containers": [{"name": "app", "image": "x:1"}], "initContainers": []}
    if where:
        spec[where].append({"name": "istio-proxy", "image": "y:1"})
    made = Pod.from_dict({"metadata": {"name": "web", "namespace": "todo"}, "spec": spec, "status": {}})

    assert pod_fact(cast("Pod", made), now=NOW).meshed is meshed
