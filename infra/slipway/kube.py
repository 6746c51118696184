"""The chosen cluster through lightkube, and its objects as plain facts."""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from httpx2 import Timeout
from lightkube import Client, KubeConfig
from lightkube.core.exceptions import ApiError, ConfigError
from lightkube.resources.core_v1 import Pod, Secret

from infra.lib.errors import Exit, SlipwayError
from infra.slipway.session import Session

ANSWER = 10.0  # seconds
PROXY = "istio-proxy"


@dataclass(frozen=True, kw_only=True)
class PodFact:
    """A pod as `status` shows it; `age` in seconds, `reason` empty for a healthy one."""

    namespace: str
    name: str
    phase: str
    ready: int
    containers: int
    restarts: int
    age: float
    reason: str = ""
    images: tuple[str, ...] = ()
    overdue: float = 0.0  # seconds past the end of the grace period it was given to end in
    meshed: bool = False  # whether it has a sidecar

    @property
    def healthy(self) -> bool:
        """Finished, or running with every container ready."""
        return self.phase == "Succeeded" or (self.phase == "Running" and self.ready == self.containers)


def client(session: Session) -> Client:
    """A client with the cluster's kubeconfig and context."""
    try:
        config = KubeConfig.from_file(str(session.cluster.kubeconfig())).get(session.cluster.context())
    except (ConfigError, OSError) as error:
        raise SlipwayError(f"no usable kubeconfig for {session.name}: {error}", hint="make up") from error
    return Client(config=config, timeout=Timeout(ANSWER), trust_env=False, field_manager="slipway")


def pods(api: Client, *, now: datetime) -> list[PodFact]:
    """All pods, by namespace and name."""
    facts = [pod_fact(pod, now=now) for pod in api.list(Pod, namespace="*")]
    return sorted(facts, key=lambda fact: (fact.namespace, fact.name))


def pod_fact(pod: Pod, *, now: datetime) -> PodFact:
    """One pod; the reason is the first thing that keeps it from being ready."""
    status, metadata = pod.status, pod.metadata
    if status is None or metadata is None or pod.spec is None:
        raise ValueError("a listed pod has metadata, spec and status")
    containers = status.containerStatuses or []
    created = metadata.creationTimestamp
    return PodFact(
        namespace=metadata.namespace or "",
        name=metadata.name or "",
        phase="Terminating" if metadata.deletionTimestamp else status.phase or "Unknown",
        ready=sum(bool(container.ready) for container in containers),
        containers=len(pod.spec.containers),
        restarts=sum(container.restartCount for container in containers),
        age=(now - created).total_seconds() if created else 0.0,
        reason="" if status.phase == "Succeeded" else reason_of(pod),
        images=tuple(container.image or "" for container in pod.spec.containers),
        # The API server sets deletionTimestamp to the moment of the request plus the grace period.
        overdue=(now - metadata.deletionTimestamp).total_seconds() if metadata.deletionTimestamp else 0.0,
        meshed=any(each.name == PROXY for each in [*pod.spec.containers, *(pod.spec.initContainers or [])]),
    )


def reason_of(pod: Pod) -> str:
    """Why a pod is not ready, in the words of the cluster; empty when it is."""
    status = pod.status
    if status is None:
        return "no status yet"
    for container in [*(status.initContainerStatuses or []), *(status.containerStatuses or [])]:
        state = container.state
        if state and state.waiting and state.waiting.reason not in (None, "PodInitializing"):
            return f"{container.name}: {state.waiting.reason} {state.waiting.message or ''}".strip()
        if state and state.terminated and state.terminated.exitCode != 0:
            return f"{container.name}: {state.terminated.reason} (exit {state.terminated.exitCode})"
    for condition in status.conditions or []:
        if condition.status != "True" and condition.type in ("PodScheduled", "Ready"):
            return f"{condition.reason or condition.type}: {condition.message or ''}".rstrip(": ")
    return status.reason or ""


def secret_values(api: Client, *, namespace: str, name: str, keys: Iterable[str]) -> dict[str, str]:
    """The named keys of a Secret; those that are not there are left out."""
    try:
        data = api.get(Secret, name, namespace=namespace).data or {}
    except ApiError as error:
        if error.status.code == 404:
            return {}
        raise SlipwayError(f"Secret {namespace}/{name}: {error}", code=Exit.FAILED) from error
    return {key: base64.b64decode(data[key]).decode() for key in keys if key in data}
