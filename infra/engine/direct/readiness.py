"""When an object is ready: one table of checks and deadlines by kind; each check says what it waits for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from infra.lib.kube import Kube, Object

SKIP = "pulumi.com/skipAwait"
TIMEOUT = "pulumi.com/timeoutSeconds"


class State(StrEnum):
    """Where an object is on its way."""

    READY = "ready"
    WAITING = "waiting"
    FAILED = "failed"  # waiting longer cannot help


@dataclass(frozen=True)
class Verdict:
    """What a check found; `why` completes "not ready: …"."""

    state: State
    why: str = ""


READY = Verdict(State.READY)
Check = Callable[[Kube, Object], Verdict]


def waiting(why: str) -> Verdict:
    """Not yet."""
    return Verdict(State.WAITING, why)


def failed(why: str) -> Verdict:
    """Never."""
    return Verdict(State.FAILED, why)


def _status(live: Object) -> Mapping[str, Any]:
    return live.get("status") or {}


def condition(live: Object, kind: str) -> Mapping[str, Any]:
    """The status condition of that type, empty when there is none."""
    return next((item for item in _status(live).get("conditions") or [] if item.get("type") == kind), {})


def _observed(live: Object) -> bool:
    return bool(_status(live).get("observedGeneration", 0) >= live["metadata"].get("generation", 0))


def _deployment(_: Kube, live: Object) -> Verdict:
    status, wanted = _status(live), live["spec"].get("replicas", 1)
    progress = condition(live, "Progressing")
    if not _observed(live):
        return waiting("the controller has not seen the new version")
    if progress.get("reason") == "ProgressDeadlineExceeded":
        return failed(str(progress.get("message", "the progress deadline passed")))
    updated, available = status.get("updatedReplicas", 0), status.get("availableReplicas", 0)
    if updated < wanted or available < wanted or status.get("replicas", 0) > updated:
        trouble = condition(live, "ReplicaFailure").get("message", "")
        return waiting(
            f"{updated} of {wanted} pods updated, {available} available" + (f": {trouble}" if trouble else "")
        )
    return READY


def _stateful_set(_: Kube, live: Object) -> Verdict:
    status, wanted = _status(live), live["spec"].get("replicas", 1)
    if not _observed(live):
        return waiting("the controller has not seen the new version")
    ready, updated = status.get("readyReplicas", 0), status.get("updatedReplicas", 0)
    if ready < wanted:
        return waiting(f"{ready} of {wanted} pods ready")
    strategy = live["spec"].get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete" or (strategy.get("rollingUpdate") or {}).get("partition"):
        return READY
    if updated < wanted or status.get("currentRevision") != status.get("updateRevision"):
        return waiting(f"{updated} of {wanted} pods updated")
    return READY


def _daemon_set(_: Kube, live: Object) -> Verdict:
    status = _status(live)
    if not _observed(live):
        return waiting("the controller has not seen the new version")
    wanted = status.get("desiredNumberScheduled", 0)
    updated, available = status.get("updatedNumberScheduled", 0), status.get("numberAvailable", 0)
    if updated < wanted or available < wanted:
        return waiting(f"{updated} of {wanted} pods updated, {available} available")
    return READY


def _job(_: Kube, live: Object) -> Verdict:
    if condition(live, "Complete").get("status") == "True" or live["spec"].get("suspend"):
        return READY
    broken = condition(live, "Failed")
    if broken.get("status") == "True":
        return failed(f"{broken.get('reason')}: {broken.get('message')}")
    status = _status(live)
    return waiting(f"{status.get('active', 0)} pods active, {status.get('failed', 0)} failed")


def _pod(_: Kube, live: Object) -> Verdict:
    phase = _status(live).get("phase", "Pending")
    if phase == "Succeeded" or condition(live, "Ready").get("status") == "True":
        return READY
    return failed("the pod failed") if phase == "Failed" else waiting(f"phase {phase}")


def _claim(kube: Kube, live: Object) -> Verdict:
    phase = _status(live).get("phase", "Pending")
    if phase == "Bound":
        return READY
    if phase == "Lost":
        return failed("its volume is lost")
    name = live["spec"].get("storageClassName")
    classes = {item["metadata"]["name"]: item for item in kube.find_all("storage.k8s.io/v1", "StorageClass")}
    if name and name in classes and classes[name].get("volumeBindingMode") == "WaitForFirstConsumer":
        return READY  # it binds when its first pod is scheduled
    if name and name not in classes and not live["spec"].get("volumeName"):
        return waiting(f"phase {phase}: no StorageClass {name}; there are: {', '.join(sorted(classes)) or 'none'}")
    return waiting(f"phase {phase}")


def _volume(_: Kube, live: Object) -> Verdict:
    phase = _status(live).get("phase", "Pending")
    return failed(f"phase {phase}") if phase == "Failed" else READY if phase != "Pending" else waiting("phase Pending")


def _namespace(_: Kube, live: Object) -> Verdict:
    phase = _status(live).get("phase", "")
    return READY if phase == "Active" else waiting(f"phase {phase}: it is being deleted")


def _definition(_: Kube, live: Object) -> Verdict:
    names = condition(live, "NamesAccepted")
    if names.get("status") == "False":
        return failed(str(names.get("message")))
    return READY if condition(live, "Established").get("status") == "True" else waiting("not established")


def _service(kube: Kube, live: Object) -> Verdict:
    """Ready pods must have become endpoints. Pods that are not ready are their workload's matter: waiting for
    them here would keep the next version of that workload from being applied."""
    spec, metadata = live["spec"], live["metadata"]
    if spec.get("type") == "LoadBalancer" and not (_status(live).get("loadBalancer") or {}).get("ingress"):
        return waiting("no address from the load balancer")
    if not spec.get("selector") or spec.get("type") == "ExternalName":
        return READY
    selector = ",".join(f"{key}={value}" for key, value in spec["selector"].items())
    pods = kube.find_all("v1", "Pod", metadata["namespace"], labels=selector)
    if not any(_pod(kube, pod) == READY and not pod["metadata"].get("deletionTimestamp") for pod in pods):
        return READY
    label = f"kubernetes.io/service-name={metadata['name']}"
    slices = kube.find_all("discovery.k8s.io/v1", "EndpointSlice", metadata["namespace"], labels=label)
    return READY if any(item.get("endpoints") for item in slices) else waiting("no endpoints for its ready pods")


# Its pods make the same kind at once; whoever comes second says so, and tries again.
PASSING = frozenset({"create_error", "update_error"})


def _template(_: Kube, live: Object) -> Verdict:
    """Gatekeeper has compiled it, and made the kind of its constraints."""
    status = _status(live)
    errors = [error for pod in status.get("byPod") or [] for error in pod.get("errors") or []]
    if wrong := [error for error in errors if error.get("code") not in PASSING]:
        return failed(f"{wrong[0].get('code')}: {wrong[0].get('message')}")
    if status.get("created"):
        return READY
    return waiting(str(errors[0].get("message")) if errors else "Gatekeeper has not made its kind")


def _constraint(_: Kube, live: Object) -> Verdict:
    """Every pod of Gatekeeper that reports judges by this version, and one of them answers admission."""
    pods = _status(live).get("byPod") or []
    if wrong := [error for pod in pods for error in pod.get("errors") or []]:
        return failed(str(wrong[0].get("message")))
    behind = [pod["id"] for pod in pods if pod.get("observedGeneration", 0) < live["metadata"]["generation"]]
    judging = [pod for pod in pods if pod.get("enforced") and "webhook" in (pod.get("operations") or [])]
    if behind or not judging:
        return waiting(f"not judged by yet: {', '.join(behind) or 'no pod that answers admission'}")
    return READY


def _gateway(_: Kube, live: Object) -> Verdict:
    """Its proxies run and have this version of it."""
    programmed = condition(live, "Programmed")
    if programmed.get("observedGeneration", 0) < live["metadata"].get("generation", 0):
        return waiting("its controller has not seen the new version")
    if programmed.get("status") == "True":
        return READY
    accepted = condition(live, "Accepted")
    told = accepted if accepted.get("status") == "False" else programmed
    return waiting(f"{told.get('type', 'Programmed')} is {told.get('status', 'unknown')}: {told.get('message', '')}")


def _generic(_: Kube, live: Object) -> Verdict:
    """Conditions as most controllers write them; an object without any is ready."""
    if "observedGeneration" in _status(live) and not _observed(live):
        return waiting("its controller has not seen the new version")
    stalled, ready = condition(live, "Stalled"), condition(live, "Ready")
    if stalled.get("status") == "True":
        return failed(str(stalled.get("message", "stalled")))
    if ready and ready.get("status") != "True":
        return waiting(f"Ready is {ready.get('status')}: {ready.get('message', '')}")
    return READY


@dataclass(frozen=True)
class Rule:
    """How to judge a kind, and how many seconds it has."""

    check: Check
    deadline: float


RULES: Mapping[tuple[str, str], Rule] = {
    ("apps", "Deployment"): Rule(_deployment, 300),
    ("apps", "StatefulSet"): Rule(_stateful_set, 300),
    ("apps", "DaemonSet"): Rule(_daemon_set, 300),
    ("batch", "Job"): Rule(_job, 300),
    ("", "Pod"): Rule(_pod, 300),
    ("", "PersistentVolumeClaim"): Rule(_claim, 120),
    ("", "PersistentVolume"): Rule(_volume, 60),
    ("", "Namespace"): Rule(_namespace, 120),
    ("", "Service"): Rule(_service, 120),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): Rule(_definition, 60),
    ("templates.gatekeeper.sh", "ConstraintTemplate"): Rule(_template, 120),
    ("gateway.networking.k8s.io", "Gateway"): Rule(_gateway, 120),
}
# Kinds that a template makes have no fixed name.
GROUPS: Mapping[str, Rule] = {"constraints.gatekeeper.sh": Rule(_constraint, 120)}
OTHERS = Rule(_generic, 120)


def rule_for(live: Object) -> Rule:
    """The rule of the object's kind."""
    group, _, _ = live["apiVersion"].rpartition("/")
    return RULES.get((group, live["kind"])) or GROUPS.get(group, OTHERS)


def deadline_of(live: Object, timeout: float | None) -> float:
    """Seconds: the object's annotation, else the program's CustomTimeouts, else the table."""
    annotation = (live["metadata"].get("annotations") or {}).get(TIMEOUT)
    if annotation:
        return float(annotation)
    return timeout if timeout is not None else rule_for(live).deadline


def is_awaited(live: Object) -> bool:
    """False where the object says `pulumi.com/skipAwait: "true"`."""
    return (live["metadata"].get("annotations") or {}).get(SKIP) != "true"
