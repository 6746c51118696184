"""What counts as ready."""

from typing import Any

import pytest

from infra.cluster.embedded import readiness

SINCE = 1_800_000_000.5  # 2027-01-15T08:00:00Z
BEFORE, AFTER = "2027-01-15T07:59:30Z", "2027-01-15T08:00:03Z"


def node(*, status: str = "True", spoke: str = BEFORE) -> dict[str, Any]:
    return {"status": {"conditions": [{"type": "Ready", "status": status, "lastHeartbeatTime": spoke}]}}


def lease(renewed: str) -> dict[str, Any]:
    return {"spec": {"renewTime": renewed}}


@pytest.mark.parametrize(
    ("known", "said", "ready"),
    [
        (node(spoke=AFTER), None, True),
        (node(), lease(AFTER.replace("Z", ".123456Z")), True),
        (node(), lease(BEFORE), False),
        (node(), None, False),
        (node(status="False", spoke=AFTER), lease(AFTER), False),
        ({"status": {}}, lease(AFTER), False),
        (None, None, False),
    ],
)
def test_node_is_ready_when_this_kubelet_says_so(
    known: dict[str, Any] | None, said: dict[str, Any] | None, ready: bool
) -> None:
    assert readiness._fresh(known, said, SINCE) is ready


@pytest.mark.parametrize(
    ("told", "done"),
    [
        ({"observedGeneration": 2, "updatedReplicas": 1, "availableReplicas": 1}, True),
        ({"observedGeneration": 1, "updatedReplicas": 1, "availableReplicas": 1}, False),
        ({"observedGeneration": 2, "updatedReplicas": 1}, False),
        ({}, False),
    ],
)
def test_deployment_is_rolled_out_when_its_last_change_is_available(told: dict[str, int], done: bool) -> None:
    assert readiness._rolled_out({"metadata": {"generation": 2}, "spec": {"replicas": 1}, "status": told}) is done


def test_missing_deployment_is_not_rolled_out() -> None:
    assert not readiness._rolled_out(None)


def test_reason_is_the_head_of_a_panic_and_otherwise_the_end_of_the_log() -> None:
    before, stack = tuple(f"I{n}" for n in range(50)), tuple(f"frame {n}" for n in range(80))

    assert readiness.telling((*before, "panic: freepages", "", *stack))[-2:] == ("panic: freepages", "")
    assert readiness.telling(before) == before[-15:]
    assert readiness.telling(()) == ()
