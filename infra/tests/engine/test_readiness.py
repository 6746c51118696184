"""When an object counts as ready, and how its trouble is told; statuses as real controllers write them."""

from typing import Any, cast

import pytest

from infra.engine.direct.readiness import READY, RULES, State, deadline_of, is_awaited, rule_for
from infra.engine.direct.reasons import not_ready
from infra.lib.errors import Exit
from infra.lib.kube import Kube, Object


class FakeKube:
    """Answers lists from a table by kind."""

    def __init__(self, **lists: list[Object]) -> None:
        self._lists = lists

    def find_all(self, api_version: str, kind: str, namespace: str = "", **_: str) -> list[Object]:
        return self._lists.get(kind, [])

    def events(self, live: Object, *, count: int = 5) -> list[str]:
        return [f"Warning Something: about {live['metadata']['name']}"]

    def log(self, namespace: str, pod: str, container: str, *, lines: int, previous: bool) -> list[str]:
        return ["boom", f"previous={previous}"]

    def command(self, *words: str) -> str:
        return f"kubectl {' '.join(words)}"


def live(kind: str, status: dict[str, Any], *, version: str = "v1", generation: int = 2, **spec: object) -> Object:
    metadata: dict[str, Any] = {"name": "x", "namespace": "n", "uid": "u", "generation": generation}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec, "status": status}


def condition(kind: str, status: str, message: str = "why", reason: str = "Reason") -> dict[str, str]:
    return {"type": kind, "status": status, "message": message, "reason": reason}


def seen_gateway(**conditions: str) -> dict[str, Any]:
    """The status of a Gateway whose controller has seen version 2."""
    told = [{**condition(kind, status), "observedGeneration": 2} for kind, status in conditions.items()]
    return {"conditions": told}


SEEN = {"observedGeneration": 2}
GATEWAY = "gateway.networking.k8s.io/v1"
PROGRAMMED, STARTING = seen_gateway(Programmed="True"), seen_gateway(Programmed="False")
FULL = {**SEEN, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2, "readyReplicas": 2}
STUCK = {"conditions": [condition("Progressing", "False", "deadline", "ProgressDeadlineExceeded")]}
APPS, BATCH, CRDS = "apps/v1", "batch/v1", "apiextensions.k8s.io/v1"
TERMINATED = {"conditions": [condition("Failed", "True", "it has reached the limit", "BackoffLimitExceeded")]}
POD = {"conditions": [condition("Ready", "True")]}
READY_POD: Object = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "status": POD}
LATE_POD: Object = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "status": {"phase": "Pending"}}
WFFC: Object = {"metadata": {"name": "local"}, "volumeBindingMode": "WaitForFirstConsumer"}

GATEKEEPER, JUDGED = "templates.gatekeeper.sh/v1", "constraints.gatekeeper.sh/v1beta1"
WEBHOOK = {"id": "webhook-1", "observedGeneration": 2, "enforced": True, "operations": ["webhook"]}
AUDIT = {"id": "audit-1", "observedGeneration": 2, "enforced": True, "operations": ["audit", "status"]}
BROKEN = {"id": "audit-1", "errors": [{"code": "rego_parse_error", "message": "unexpected eof"}]}

CASES: list[tuple[str, Object, State, str]] = [
    ("template", live("ConstraintTemplate", {"created": True}, version=GATEKEEPER), State.READY, ""),
    ("template unknown", live("ConstraintTemplate", {}, version=GATEKEEPER), State.WAITING, "has not made its kind"),
    (
        "template made by two pods at once",
        live(
            "ConstraintTemplate",
            {"byPod": [{"errors": [{"code": "create_error", "message": "already exists"}]}]},
            version=GATEKEEPER,
        ),
        State.WAITING,
        "already exists",
    ),
    (
        "template broken",
        live("ConstraintTemplate", {"byPod": [BROKEN]}, version=GATEKEEPER),
        State.FAILED,
        "rego_parse_error: unexpected eof",
    ),
    ("constraint", live("Probes", {"byPod": [AUDIT, WEBHOOK]}, version=JUDGED), State.READY, ""),
    ("constraint new", live("Probes", {}, version=JUDGED), State.WAITING, "no pod that answers admission"),
    ("constraint audited", live("Probes", {"byPod": [AUDIT]}, version=JUDGED), State.WAITING, "no pod that answers"),
    (
        "constraint changed",
        live("Probes", {"byPod": [WEBHOOK, {**AUDIT, "observedGeneration": 1}]}, version=JUDGED),
        State.WAITING,
        "not judged by yet: audit-1",
    ),
    ("constraint broken", live("Probes", {"byPod": [WEBHOOK, BROKEN]}, version=JUDGED), State.FAILED, "unexpected eof"),
    ("gateway", live("Gateway", PROGRAMMED, version=GATEWAY), State.READY, ""),
    ("gateway new", live("Gateway", {}, version=GATEWAY), State.WAITING, "has not seen the new version"),
    (
        "gateway starts",
        live("Gateway", STARTING, version=GATEWAY),
        State.WAITING,
        "Programmed is False",
    ),
    (
        "gateway refused",
        live("Gateway", seen_gateway(Accepted="False", Programmed="False"), version=GATEWAY),
        State.WAITING,
        "Accepted is False",
    ),
    (
        "gateway changed",
        live("Gateway", PROGRAMMED, version=GATEWAY, generation=3),
        State.WAITING,
        "new",
    ),
    ("deployment", live("Deployment", FULL, version=APPS, replicas=2), State.READY, ""),
    ("deployment unseen", live("Deployment", FULL, version=APPS, generation=3), State.WAITING, "has not seen"),
    (
        "deployment rolling",
        live("Deployment", {**FULL, "replicas": 3}, version=APPS, replicas=2),
        State.WAITING,
        "2 of 2 pods updated",
    ),
    ("deployment stuck", live("Deployment", {**FULL, **STUCK}, version=APPS, replicas=2), State.FAILED, "deadline"),
    ("stateful set", live("StatefulSet", FULL, version=APPS, replicas=2), State.READY, ""),
    ("stateful set late", live("StatefulSet", SEEN, version=APPS, replicas=1), State.WAITING, "0 of 1 pods ready"),
    (
        "stateful set rolling",
        live("StatefulSet", {**FULL, "currentRevision": "a", "updateRevision": "b"}, version=APPS, replicas=2),
        State.WAITING,
        "pods updated",
    ),
    ("job", live("Job", {"conditions": [condition("Complete", "True")]}, version=BATCH), State.READY, ""),
    ("job running", live("Job", {"active": 1}, version=BATCH), State.WAITING, "1 pods active"),
    ("job failed", live("Job", TERMINATED, version=BATCH), State.FAILED, "BackoffLimitExceeded"),
    (
        "daemon set",
        live("DaemonSet", {**SEEN, "desiredNumberScheduled": 1}, version=APPS),
        State.WAITING,
        "0 of 1 pods",
    ),
    ("claim", live("PersistentVolumeClaim", {"phase": "Bound"}), State.READY, ""),
    ("claim lost", live("PersistentVolumeClaim", {"phase": "Lost"}), State.FAILED, "lost"),
    (
        "claim that waits for its pod",
        live("PersistentVolumeClaim", {"phase": "Pending"}, storageClassName="local"),
        State.READY,
        "",
    ),
    (
        "claim of no class",
        live("PersistentVolumeClaim", {"phase": "Pending"}, storageClassName="typo"),
        State.WAITING,
        "no StorageClass typo; there are: local",
    ),
    ("namespace", live("Namespace", {"phase": "Active"}), State.READY, ""),
    ("namespace going", live("Namespace", {"phase": "Terminating"}), State.WAITING, "being deleted"),
    (
        "definition",
        live("CustomResourceDefinition", {"conditions": [condition("Established", "True")]}, version=CRDS),
        State.READY,
        "",
    ),
    (
        "definition refused",
        live("CustomResourceDefinition", {"conditions": [condition("NamesAccepted", "False")]}, version=CRDS),
        State.FAILED,
        "why",
    ),
    ("custom", live("Toy", {}, version="engine.test/v1"), State.READY, ""),
    (
        "custom not ready",
        live("Toy", {"conditions": [condition("Ready", "False", "no wheels")]}, version="engine.test/v1"),
        State.WAITING,
        "no wheels",
    ),
    ("custom unseen", live("Toy", {"observedGeneration": 1}, version="engine.test/v1"), State.WAITING, "not seen"),
    ("service without selector", live("Service", {}), State.READY, ""),
]


class TestRules:
    @pytest.mark.parametrize(("body", "state", "words"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
    def test_judges(self, body: Object, state: State, words: str) -> None:
        verdict = rule_for(body).check(cast(Kube, FakeKube(StorageClass=[WFFC])), body)

        assert verdict.state is state
        assert words in verdict.why

    def test_a_service_needs_endpoints_only_for_pods_that_are_ready(self) -> None:
        body = live("Service", {}, selector={"app": "x"})
        check = rule_for(body).check

        assert check(cast(Kube, FakeKube(Pod=[LATE_POD])), body) == READY, "would keep its workload from being mended"
        assert check(cast(Kube, FakeKube(Pod=[READY_POD])), body).state is State.WAITING
        assert check(cast(Kube, FakeKube(Pod=[READY_POD], EndpointSlice=[{"endpoints": [{}]}])), body) == READY

    def test_every_rule_has_a_deadline_which_annotation_and_program_override(self) -> None:
        assert all(0 < rule.deadline <= 600 for rule in RULES.values())
        body = live("Job", {}, version=BATCH)
        assert deadline_of(body, None) == 300.0
        assert deadline_of(body, 12.0) == 12.0
        body["metadata"]["annotations"] = {"pulumi.com/timeoutSeconds": "7", "pulumi.com/skipAwait": "true"}
        assert deadline_of(body, 12.0) == 7.0
        assert not is_awaited(body)


PODS: list[tuple[str, dict[str, Any], str]] = [
    (
        "image",
        {"state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}},
        "container web: ImagePullBackOff: no such image",
    ),
    (
        "crash",
        {
            "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}},
            "lastState": {"terminated": {"exitCode": 3, "reason": "Error"}},
        },
        "container web: log: boom",
    ),
    ("probe", {"state": {"running": {}}, "ready": False}, "container web: runs, its probe does not pass"),
]


class TestNotReady:
    @pytest.mark.parametrize(("container", "words"), [case[1:] for case in PODS], ids=[case[0] for case in PODS])
    def test_tells_the_containers_trouble(self, container: dict[str, Any], words: str) -> None:
        status = {"containerStatuses": [{"name": "web", **container}]}
        pod: Object = {
            "kind": "Pod",
            "metadata": {"name": "x-1", "namespace": "n", "uid": "p", "creationTimestamp": "2026-01-01T00:00:00Z"},
            "status": status,
        }
        body = live("Deployment", {}, version=APPS, selector={"matchLabels": {"app": "x"}})

        error = not_ready(cast(Kube, FakeKube(Pod=[pod])), body, "0 of 1", seconds=9, failed=False)

        assert f"pod x-1: {words}" in error.details
        assert "event: Warning Something: about x" in error.details
        assert error.message == "Deployment n/x is not ready after 9 s: 0 of 1"
        assert error.hint == "kubectl -n n describe deployment x"
        assert error.code is Exit.DEADLINE
