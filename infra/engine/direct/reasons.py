"""Why an object is not ready, in the words of its pods, probes and events."""

from collections.abc import Iterator, Mapping
from typing import Any

from infra.engine.direct.declared import Ref
from infra.engine.direct.readiness import condition
from infra.lib.errors import Exit, SlipwayError
from infra.lib.kube import Kube, KubeError, Object

PODS_SHOWN = 3
LOG_LINES = 5
STARTING = frozenset({"ContainerCreating", "PodInitializing"})


def not_ready(kube: Kube, live: Object, why: str, *, seconds: float, failed: bool) -> SlipwayError:
    """The error for an object that failed, or did not become ready within `seconds`."""
    ref = Ref.of(live)
    namespace = f"-n {ref.namespace} " if ref.namespace else ""
    try:
        details = (*_pods(kube, live), *(f"event: {line}" for line in kube.events(live)))
    except (KubeError, SlipwayError) as error:
        details = (f"(no details: {error})",)
    verb = "failed" if failed else f"is not ready after {seconds:.0f} s"
    return SlipwayError(
        f"{ref} {verb}: {why}",
        details=details,
        hint=kube.command(f"{namespace}describe {ref.kind.lower()} {ref.name}"),
        code=Exit.FAILED if failed else Exit.DEADLINE,
    )


def _pods(kube: Kube, live: Object) -> Iterator[str]:
    namespace = live["metadata"].get("namespace", "")
    if live["kind"] == "Pod":
        yield from _pod(kube, live)
        return
    selector = ((live.get("spec") or {}).get("selector") or {}) if namespace else {}
    labels = selector.get("matchLabels", selector if live["kind"] == "Service" else {})
    if not labels:
        return
    text = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
    pods = kube.find_all("v1", "Pod", namespace, labels=text)
    pods.sort(key=lambda pod: str(pod["metadata"]["creationTimestamp"]), reverse=True)
    unready = [pod for pod in pods if condition(pod, "Ready").get("status") != "True"]
    if not pods:
        yield f"no pods match {text}"
        yield from (f"event: {line}" for line in _creator_events(kube, live, namespace))
    for pod in unready[:PODS_SHOWN]:
        yield from _pod(kube, pod)


def _pod(kube: Kube, pod: Object) -> Iterator[str]:
    metadata, status = pod["metadata"], pod.get("status") or {}
    name = f"pod {metadata['name']}"
    scheduled = condition(pod, "PodScheduled")
    if scheduled.get("status") == "False":
        yield f"{name}: {scheduled.get('reason')}: {scheduled.get('message')}"
    if status.get("reason"):
        yield f"{name}: {status['reason']}: {status.get('message', '')}"
    known = [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]
    for container in known:
        yield from _container(kube, metadata, container)
    yield from (f"{name}: event: {line}" for line in kube.events(pod, count=3))


def _container(kube: Kube, metadata: Mapping[str, Any], container: Mapping[str, Any]) -> Iterator[str]:
    name = f"pod {metadata['name']}: container {container['name']}"
    state = container.get("state") or {}
    ended = state.get("terminated") or (container.get("lastState") or {}).get("terminated") or {}
    wait = state.get("waiting") or {}
    if wait.get("reason") and wait["reason"] not in STARTING:
        yield f"{name}: {wait['reason']}: {wait.get('message', '')}"
    crashed = bool(ended) and ended.get("exitCode") != 0
    if crashed:
        yield f"{name}: ended with {ended.get('exitCode')} ({ended.get('reason')})"
        previous = not state.get("terminated")
        lines = kube.log(metadata["namespace"], metadata["name"], container["name"], lines=LOG_LINES, previous=previous)
        yield from (f"{name}: log: {line}" for line in lines)
    if "running" in state and not container.get("ready"):
        yield f"{name}: runs, its probe does not pass"


def _creator_events(kube: Kube, live: Object, namespace: str) -> Iterator[str]:
    """Events of the object's children, such as a ReplicaSet that may not create pods."""
    prefix = f"{live['metadata']['name']}-"
    for event in kube.find_all("v1", "Event", namespace, fields="type=Warning")[-20:]:
        if event["involvedObject"].get("name", "").startswith(prefix):
            yield f"{event['involvedObject']['kind']}: {event.get('reason')}: {event.get('message')}"
