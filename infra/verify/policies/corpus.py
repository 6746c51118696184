"""Attempts to get round the policies: `policies/corpus/<topic>.yaml`, each made of the base by merge patches."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from infra.lib.kinds import CLUSTER_WIDE
from infra.lib.policies import POLICIES, Object

CORPUS = POLICIES / "corpus"
BASE = "base.yaml"
NAMESPACE = "todo"
API = {
    "Deployment": "apps/v1",
    "ReplicaSet": "apps/v1",
    "StatefulSet": "apps/v1",
    "DaemonSet": "apps/v1",
    "Job": "batch/v1",
    "CronJob": "batch/v1",
}
COUNTED = frozenset({"Deployment", "ReplicaSet", "StatefulSet", "ReplicationController"})
BY_LABELS = frozenset({"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"})
HOLD_A_POD = ("Pod", "PodTemplate", "ReplicationController", *API)
EVERY = "whatever holds a pod"
# Names that attempts take because of what they begin with; others are theirs.
TAKEN = ("system:", "gatekeeper-")
ENDS = frozenset({"Job", "CronJob"})


@dataclass(frozen=True)
class Attempt:
    """One object and the policies that refuse it, none other does.

    `mended` is what the API server makes of it, so that nothing is left to refuse at admission.
    """

    name: str
    item: Object
    refused: frozenset[str]
    mended: str = ""

    def __str__(self) -> str:
        return f"{self.item['kind']} {self.name}"


def read(root: Path = CORPUS) -> list[Attempt]:
    """Every attempt, each object with a name of its own."""
    base = _load(root / BASE)
    found: list[Attempt] = []
    for file in sorted(root.glob("*.yaml")):
        if file.name != BASE:
            for entry in _load(file)["attempts"]:
                found += _attempts(file.stem, entry, base)
    return found


def innocent(kind: str, root: Path = CORPUS) -> Object:
    """The base in a kind: what all policies allow."""
    return _workload(kind, "innocent", {}, _load(root / BASE))


def _attempts(topic: str, entry: Object, base: Object) -> Iterator[Attempt]:
    name, refused = f"{topic}-{entry['case']}", frozenset(entry["refused"])
    if "object" in entry:
        place = {} if entry["object"]["kind"] in CLUSTER_WIDE else {"namespace": NAMESPACE}
        given = merged(entry["object"], {"metadata": place})
        if not given["metadata"]["name"].startswith(TAKEN):
            given["metadata"]["name"] = name
        yield Attempt(name, given, refused)
    elif "namespace" in entry:
        labels = {"slipway.local/owner": "platform", "pod-security.kubernetes.io/enforce": "restricted"}
        whole = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}}
        yield Attempt(name, merged(whole, {"metadata": entry["namespace"]}), refused)
    else:
        for kind in HOLD_A_POD if entry.get("in") == EVERY else entry.get("in", ["Pod"]):
            each = f"{name}-{kind.lower()}"
            yield Attempt(each, _workload(kind, each, entry, base), refused, entry.get("mended", ""))


def _workload(kind: str, name: str, entry: Object, base: Object) -> Object:
    """A kind that holds the pod of an entry."""
    labels = base["labels"]
    template = merged({"metadata": {"labels": labels}}, {"metadata": entry.get("template", {})})
    template["spec"] = _pod(kind, entry, base)
    metadata: Object = {"name": name, "namespace": NAMESPACE}
    whole: Object = {"apiVersion": API.get(kind, "v1"), "kind": kind, "metadata": metadata}
    if kind == "Pod":
        whole["metadata"] = merged(metadata, template["metadata"])
        whole["spec"] = template["spec"]
    elif kind == "PodTemplate":
        whole["template"] = template
    else:
        metadata["labels"] = {**labels, **base["controller_labels"]}
        spec: Object = {"template": template}
        spec |= {"replicas": 1} if kind in COUNTED else {}
        spec |= {"selector": {"matchLabels": labels}} if kind in BY_LABELS else {}
        spec |= entry.get("spec", {})
        whole["spec"] = {"schedule": "0 3 * * *", "jobTemplate": {"spec": spec}} if kind == "CronJob" else spec
    return merged(whole, {"metadata": entry.get("metadata", {})})


def _pod(kind: str, entry: Object, base: Object) -> Object:
    place, patch = entry.get("as", "containers"), entry.get("container", {})
    serving = base["container"] if kind in ENDS else {**base["container"], **base["probes"]}
    spec = merged(base["pod"], {"containers": [serving]} | ({"restartPolicy": "Never"} if kind in ENDS else {}))
    if place == "containers":
        spec["containers"] = [merged(serving, patch)]
    else:
        extra = base["ephemeral"] if place == "ephemeralContainers" else {**base["container"], "name": "extra"}
        spec[place] = [merged(extra, patch)]
    return merged(spec, entry.get("pod", {}))


def merged(whole: Mapping[str, Any], patch: Mapping[str, Any]) -> Object:
    """A JSON merge patch (RFC 7386): null takes away, lists are replaced."""
    made = copy.deepcopy(dict(whole))
    for key, value in patch.items():
        if value is None:
            made.pop(key, None)
        elif isinstance(value, Mapping):
            inner = made.get(key)
            made[key] = merged(inner if isinstance(inner, Mapping) else {}, value)
        else:
            made[key] = copy.deepcopy(value)
    return made


def _load(file: Path) -> Object:
    content: Object = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return content
