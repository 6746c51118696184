"""What every pod must have; each check yields one line for each object that lacks it.

Of charts that are not ours bounds and images are judged: the rest is not said by us.
"""

from collections.abc import Iterator
from typing import Any

from infra.components.labels import REASON_API_TOKEN, REASON_NO_BUDGET
from infra.tests.stacks.objects import Object, matches
from infra.tests.stacks.whole import IMAGES

PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
RECOMMENDED = ("name", "instance", "component", "part-of", "managed-by")


def bounded(objects: list[Object]) -> Iterator[str]:
    """CPU and memory, promised and bounded."""
    for item, container in _containers(objects, upstream=True):
        for side in ("requests", "limits"):
            for what in ("cpu", "memory"):
                if what not in container.get("resources", {}).get(side, {}):
                    yield f"{item} container {container['name']}: no resources.{side}.{what}"


def probed(objects: list[Object]) -> Iterator[str]:
    """All three probes, each with a timeout of its own; readiness is not liveness. Who helps them is not called."""
    for item, container in _containers(objects):
        if item.runs_to_completion or _helps(item, container):
            continue
        for probe in PROBES:
            if "timeoutSeconds" not in container.get(probe, {}):
                yield f"{item} container {container['name']}: no {probe} with timeoutSeconds"
        asks = [{key: container.get(probe, {}).get(key) for key in ("httpGet", "exec")} for probe in PROBES[1:]]
        if asks[0] == asks[1]:
            yield f"{item} container {container['name']}: readiness asks what liveness asks"


def own_account(objects: list[Object]) -> Iterator[str]:
    """A service account of its own that exists."""
    accounts = {item.key for item in objects if item.kind == "ServiceAccount"}
    owners: dict[str, set[str]] = {}
    for item in _workloads(objects):
        account = item.pod.get("serviceAccountName", "default")
        key = f"ServiceAccount/{item.namespace}/{account}"
        if key not in accounts:
            yield f"{item}: service account {account} is not declared"
        component = item.labels.get("app.kubernetes.io/component", "")
        owners.setdefault(key, set()).add(f"{item.labels.get('app.kubernetes.io/name')} {component}")
    for key, users in owners.items():
        if len(users) > 1:
            yield f"{key} is shared by {', '.join(sorted(users))}"


def no_api_token(objects: list[Object]) -> Iterator[str]:
    """No token of the API in a pod, except where a reason is stated on the workload."""
    for item in objects:
        mounts = item.kind == "ServiceAccount" and item.manifest.get("automountServiceAccountToken") is not False
        if mounts and not item.upstream:
            yield f"{item}: automountServiceAccountToken is not false"
    for item in _workloads(objects):
        if item.pod.get("automountServiceAccountToken") is not False and not item.annotations.get(REASON_API_TOKEN):
            yield f"{item}: mounts an API token without {REASON_API_TOKEN}"


def budgeted(objects: list[Object]) -> Iterator[str]:
    """A disruption budget, or the reason against one on the workload; Jobs run to their end."""
    budgets = [item for item in objects if item.kind == "PodDisruptionBudget"]
    for item in _workloads(objects):
        selected = any(
            budget.namespace == item.namespace and matches(budget.spec["selector"], item.pod_labels)
            for budget in budgets
        )
        if not selected and item.kind not in ("Job", "CronJob") and not item.annotations.get(REASON_NO_BUDGET):
            yield f"{item}: no PodDisruptionBudget and no {REASON_NO_BUDGET}"


def restricted_pod(objects: list[Object]) -> Iterator[str]:
    """Pod Security `restricted`, as far as the pod says it."""
    for item in _workloads(objects):
        security = item.pod.get("securityContext", {})
        if not security.get("runAsUser"):
            yield f"{item}: runs as an unnamed user or root"
        if security.get("runAsNonRoot") is not True:
            yield f"{item}: runAsNonRoot is not true"
        if security.get("seccompProfile", {}).get("type") != "RuntimeDefault":
            yield f"{item}: no seccomp profile"
        if any(item.pod.get(name) for name in ("hostNetwork", "hostPID", "hostIPC")):
            yield f"{item}: shares a namespace of the node"
        if any("hostPath" in volume for volume in item.pod.get("volumes", [])):
            yield f"{item}: mounts a folder of the node"


def restricted_container(objects: list[Object]) -> Iterator[str]:
    """Pod Security `restricted`, as far as each container says it, and a read-only root file system."""
    for item, container in _containers(objects):
        security = container.get("securityContext", {})
        wanted: dict[str, Any] = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True}
        for key, value in wanted.items():
            if security.get(key) is not value:
                yield f"{item} container {container['name']}: {key} is not {value}"
        if security.get("capabilities", {}).get("drop") != ["ALL"]:
            yield f"{item} container {container['name']}: keeps capabilities"


def from_catalog(objects: list[Object]) -> Iterator[str]:
    """Images come by reference from the settings, never by a name written in a component."""
    for item, container in _containers(objects, upstream=True):
        if container["image"] not in IMAGES.values():
            yield f"{item} container {container['name']}: image {container['image']} is not of the catalog"
        if container.get("imagePullPolicy") == "Always":
            yield f"{item} container {container['name']}: pulls always"


def labelled(objects: list[Object]) -> Iterator[str]:
    """The recommended labels on every workload and its pods."""
    for item in _workloads(objects):
        for name in RECOMMENDED:
            if f"app.kubernetes.io/{name}" not in item.labels:
                yield f"{item}: no label app.kubernetes.io/{name}"
        for name in RECOMMENDED[:3]:
            if f"app.kubernetes.io/{name}" not in item.pod_labels:
                yield f"{item}: its pods have no label app.kubernetes.io/{name}"


def drains(objects: list[Object]) -> Iterator[str]:
    """Long-running pods behind a Service finish before they are killed."""
    for item, container in _containers(objects):
        if not is_served(item, objects) or _helps(item, container):
            continue
        stop = container.get("lifecycle", {}).get("preStop")
        if not stop:
            yield f"{item} container {container['name']}: no preStop"
        elif stop.get("sleep", {}).get("seconds", 0) >= item.pod.get("terminationGracePeriodSeconds", 30):
            yield f"{item} container {container['name']}: preStop outlasts the grace period"


def is_served(item: Object, objects: list[Object]) -> bool:
    """Whether a Service leads to its pods, so that an ending one has callers to wait for; a scrape comes again."""
    return not item.runs_to_completion and any(
        other.kind == "Service"
        and other.namespace == item.namespace
        and matches({"matchLabels": other.spec["selector"]}, item.pod_labels)
        and {port.get("targetPort") for port in other.spec["ports"]} != {"http-metrics"}
        for other in objects
    )


def _workloads(objects: list[Object], *, upstream: bool = False) -> list[Object]:
    return [item for item in objects if item.is_workload and (upstream or not item.upstream)]


def _containers(objects: list[Object], *, upstream: bool = False) -> list[tuple[Object, dict[str, Any]]]:
    return [(item, container) for item in _workloads(objects, upstream=upstream) for container in item.containers]


def _helps(item: Object, container: dict[str, Any]) -> bool:
    """A native sidecar or an init container: started before the pod's own, ended after it, called by nobody."""
    return container in item.pod.get("initContainers", [])


CHECKS = (
    bounded,
    probed,
    own_account,
    no_api_token,
    budgeted,
    restricted_pod,
    restricted_container,
    from_catalog,
    labelled,
    drains,
)
