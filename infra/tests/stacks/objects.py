"""All objects of an environment, the chart's included, each with what is certainly there before it."""

import copy
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from infra.components import vault_jobs
from infra.graph.model import Profile
from infra.lib.kinds import CLUSTER_WIDE
from infra.slipway.session import module_of
from infra.tests.charts.helm import CHART, Manifest, template
from infra.tests.stacks.recording import Declared, Recorded
from infra.tests.stacks.whole import ORDER, evaluate

# helm's install order, as far as the charts go; custom kinds are the last.
HELM_ORDER = (
    "NetworkPolicy",
    "ResourceQuota",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "ConfigMap",
    "ClusterRole",
    "ClusterRoleBinding",
    "Role",
    "RoleBinding",
    "Service",
    "DaemonSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "CronJob",
    "ValidatingWebhookConfiguration",
)
CUSTOM = ("istio.io", "gateway.networking.k8s.io")
# Charts that are not ours, by the setting of stack `platform` that takes their folder.
UPSTREAM = {"gatekeeper": "gatekeeper_chart", "istiod": "mesh_chart", "istio-cni": "mesh_cni_chart"}
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod")


@dataclass(frozen=True)
class Object:
    """One manifest, the stack that owns it, and the keys of what is applied (and ready) before it.

    `upstream`: a chart that is not ours made it, so what is in it is decided there.
    """

    stack: str
    manifest: Manifest
    before: frozenset[str] = field(default_factory=frozenset)
    upstream: bool = False

    @property
    def kind(self) -> str:
        return str(self.manifest["kind"])

    @property
    def name(self) -> str:
        return str(self.manifest["metadata"]["name"])

    @property
    def namespace(self) -> str:
        return "" if self.kind in CLUSTER_WIDE else str(self.manifest["metadata"].get("namespace", ""))

    @property
    def key(self) -> str:
        return f"{self.kind}/{self.namespace}/{self.name}"

    @property
    def annotations(self) -> Mapping[str, str]:
        return self.manifest["metadata"].get("annotations") or {}

    @property
    def labels(self) -> Mapping[str, str]:
        return self.manifest["metadata"].get("labels") or {}

    @property
    def spec(self) -> dict[str, Any]:
        return self.manifest.get("spec") or {}

    @property
    def is_workload(self) -> bool:
        return self.kind in WORKLOADS

    @property
    def is_test(self) -> bool:
        return self.annotations.get("helm.sh/hook") == "test"

    @property
    def runs_to_completion(self) -> bool:
        """A Job is judged by its end, a test pod by hand: no probe has anything to say about them."""
        return self.kind in ("Job", "CronJob") or self.is_test

    @property
    def template(self) -> dict[str, Any]:
        """The pod's metadata and spec, wherever the kind keeps them."""
        if self.kind == "Pod":
            return self.manifest
        spec = self.spec["jobTemplate"]["spec"] if self.kind == "CronJob" else self.spec
        return spec["template"]  # type: ignore[no-any-return] # parsed YAML

    @property
    def pod(self) -> dict[str, Any]:
        return self.template["spec"]  # type: ignore[no-any-return] # parsed YAML

    @property
    def pod_labels(self) -> Mapping[str, str]:
        """Of a Gateway: those of the pods that istiod makes for it."""
        if self.kind == "Gateway":
            return {"gateway.networking.k8s.io/gateway-name": self.name}
        return self.template["metadata"]["labels"]  # type: ignore[no-any-return] # parsed YAML

    @property
    def containers(self) -> list[dict[str, Any]]:
        return [*self.pod.get("initContainers", []), *self.pod["containers"]]

    def __str__(self) -> str:
        return f"{self.stack}: {self.key}"


def matches(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether `matchLabels` holds; other forms are not used, so a test would not understand them."""
    assert set(selector) <= {"matchLabels"}, f"cannot judge {selector}"
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())


@cache
def _world(env: str, profile: Profile) -> tuple[Object, ...]:
    objects: list[Object] = []
    stacks = evaluate(env, profile)
    for name in ORDER:
        earlier = frozenset(item.key for item in objects)
        objects += _of_stack(name, stacks[name], earlier)
    return tuple(objects)


def world(env: str, profile: Profile = "mini", *, breaking: int | None = None) -> list[Object]:
    """All objects of an environment; the one at index `breaking` is a copy of its own, so that a test may break it."""
    objects = list(_world(env, profile))
    if breaking is not None:
        objects[breaking] = replace(objects[breaking], manifest=copy.deepcopy(objects[breaking].manifest))
    return objects


def _of_stack(stack: str, recorded: Recorded, earlier: frozenset[str]) -> Iterable[Object]:
    by_urn = {item.urn: item for item in recorded.resources}
    made: dict[str, frozenset[str]] = {}
    for item in recorded.objects():
        upstream = [by_urn[urn] for urn in _closure(item, by_urn)]
        before = earlier | {_object(stack, other).key for other in upstream if other.type.startswith("kubernetes:")}
        before |= {key for other in upstream if other.type.endswith(":Release") for key in made[other.urn]}
        if item.type.endswith(":Release"):
            released = list(_of_release(stack, item, before))
            made[item.urn] = frozenset(each.key for each in released)
            yield from released
        elif not item.type.endswith(":ConfigGroup"):  # files that are not ours: the kinds of the mesh
            yield replace(_object(stack, item), before=before)


def _closure(item: Declared, by_urn: Mapping[str, Declared]) -> set[str]:
    """What must be registered before `item`: its dependencies, its parents' ones, and theirs."""
    seen: set[str] = set()
    todo = [item]
    while todo:
        current = todo.pop()
        for urn in {*current.depends_on, current.parent} - seen:
            if urn in by_urn:
                seen.add(urn)
                todo.append(by_urn[urn])
    return seen


def _object(stack: str, item: Declared) -> Object:
    for kind in ("Release", "ConfigGroup"):
        if item.type.endswith(f":{kind}"):
            return Object(stack, {"kind": kind, "metadata": {"name": item.name}})
    return Object(stack, item.inputs)


def _of_release(stack: str, item: Declared, before: frozenset[str]) -> Iterable[Object]:
    name, setting = item.inputs["name"], UPSTREAM.get(item.inputs["name"], "")
    chart = module_of(setting) if setting else CHART
    manifests = template(item.inputs["values"], name=name, namespace=item.inputs["namespace"], chart=chart)
    ranked = sorted((_rank(manifest), index, manifest) for index, manifest in enumerate(manifests))
    for rank, _, manifest in ranked:
        sooner = {Object(stack, other).key for earlier_rank, _, other in ranked if earlier_rank < rank}
        yield Object(stack, manifest, before | sooner, upstream=bool(setting))


def _rank(manifest: Manifest) -> tuple[int, int]:
    """Hooks before the release by weight, then the release by helm's order of kinds, then the tests."""
    annotations = manifest["metadata"].get("annotations") or {}
    hook = annotations.get("helm.sh/hook", "")
    weight = int(annotations.get("helm.sh/hook-weight", "0"))
    if hook == "pre-install,pre-upgrade":
        return (0, weight)
    if hook == "test":
        return (2, weight)
    assert not hook, f"unknown hook {hook}"
    if manifest["apiVersion"].partition("/")[0].endswith(CUSTOM):
        return (1, len(HELM_ORDER))
    return (1, HELM_ORDER.index(manifest["kind"]))


SecretsMade = dict[str, tuple[Object, set[str]]]


def secrets_made(objects: Iterable[Object]) -> SecretsMade:
    """`namespace/name` → the Job that makes this Secret, and its keys."""
    made: SecretsMade = {}
    for item in objects:
        for entry in item.containers[0].get("env", []) if item.kind == "Job" else []:
            if entry["name"] == "SECRETS_SPEC":
                for secret in json.loads(entry["value"]):
                    made[f"{secret['namespace']}/{secret['name']}"] = (item, set(secret["keys"]))
            if entry["name"] == "VAULT_SPEC" and item.containers[0]["args"] == ["certificates"]:
                made[f"{json.loads(entry['value'])['namespace']}/{vault_jobs.TLS}"] = (item, {"tls.crt", "tls.key"})
    return made


def config_maps_made(objects: Iterable[Object]) -> dict[str, str]:
    """Key of a ConfigMap → key of the Job that makes it: Vault's authority, where Vault is called."""
    return {
        f"ConfigMap/{namespace}/{vault_jobs.AUTHORITY}": item.key
        for item in objects
        if item.kind == "Job" and item.containers[0].get("args") == ["certificates"]
        for entry in item.containers[0]["env"]
        if entry["name"] == "VAULT_SPEC"
        for namespace in json.loads(entry["value"])["known_in"]
    }
