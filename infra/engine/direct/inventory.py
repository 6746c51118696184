"""What a stack owns in a cluster: one ConfigMap a stack, written before an object is made and after it is gone.

An object is recorded before it is created, so a run that ends at any moment leaves nothing unknown:
the next `up` converges from the list, `down` deletes by it. It is written only when it changes.
"""

import json
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from infra.engine.direct.declared import RELEASE, Declared, Ref
from infra.lib.errors import Exit, SlipwayError
from infra.lib.kube import FIELD_MANAGER, Kube, Object

NAMESPACE = "slipway-system"
LABEL = "slipway/inventory"
CONTENT = "inventory.json"
GONE_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One owned object; `uid` is empty until it was seen alive; `level` orders deletion, highest first."""

    ref: Ref
    level: int = 1
    uid: str = ""
    retain: bool = False
    protect: bool = False

    @property
    def is_release(self) -> bool:
        """Whether it is a Helm release."""
        return (self.ref.api_version, self.ref.kind) == RELEASE


@dataclass(frozen=True)
class Header:
    """Who made the stack, and for which environment."""

    engine: str
    project: str
    environment: str


class Inventory:
    """The list of one stack; safe to use from several threads."""

    def __init__(self, kube: Kube, header: Header, stack: str) -> None:
        self._kube = kube
        self.header = header
        self.stack = stack
        self.entries: dict[Ref, Entry] = {}
        self.outputs: dict[str, Any] = {}
        self.others: dict[Ref, str] = {}
        self.exists = False
        self._stored = ""
        self._change = self._written = 0
        self._lock, self._writing = threading.Lock(), threading.Lock()

    @classmethod
    def load(cls, kube: Kube, *, header: Header, stack: str) -> "Inventory":
        """Read the stack's list, and the other stacks' to know what is theirs.

        Raises when another engine or environment made this stack (exit 2).
        """
        inventory = cls(kube, header, stack)
        for found in kube.find_all("v1", "ConfigMap", NAMESPACE, labels=LABEL):
            content = json.loads(found["data"][CONTENT])
            entries = [_entry(item) for item in content["objects"]]
            if found["metadata"]["name"] != header.project:
                inventory.others |= {entry.ref: content["stack"] for entry in entries}
                continue
            inventory.entries = {entry.ref: entry for entry in entries}
            inventory.outputs = content["outputs"]
            inventory._stored, inventory.exists = found["data"][CONTENT], True
            _same_owner(Header(content["engine"], header.project, content["environment"]), header, stack)
        return inventory

    def claim(self, item: Declared, live: Object | None) -> None:
        """Make the object this stack's before it is touched; refuse what somebody else made."""
        if owner := self.others.get(item.ref):
            raise SlipwayError(f"{item.ref} is owned by stack {owner}: one owner per object", code=Exit.BAD_INPUT)
        known = self.entries.get(item.ref)
        if known is None and live is not None and not item.options.adopt and not _ours(live):
            raise SlipwayError(
                f"{item.ref} exists already and Slipway did not make it",
                hint=f"delete it, or adopt it: ResourceOptions(import_={item.ref.id!r})",
                code=Exit.BAD_INPUT,
            )
        if known is None:
            options = item.options
            self._record(Entry(ref=item.ref, level=item.level, retain=options.retain, protect=options.protect))

    def finish(self, entries: Iterable[Entry], outputs: Mapping[str, Any]) -> bool:
        """Store what a complete run knows: exactly these entries, and the outputs; True when that needed a write."""
        with self._lock:
            self.entries = {entry.ref: entry for entry in entries}
            self.outputs = dict(outputs)
            self._change += 1
        with self._writing:
            return self._write_now()

    def remove(self) -> None:
        """Delete the list itself, and the namespace with the last one."""
        self._kube.delete("v1", "ConfigMap", NAMESPACE, self.header.project)
        if not self._kube.find_all("v1", "ConfigMap", NAMESPACE, labels=LABEL):
            self._kube.delete("v1", "Namespace", "", NAMESPACE)
            self._namespace_gone()

    def _record(self, entry: Entry) -> None:
        with self._lock:
            self.entries[entry.ref] = entry
            self._change += 1
            mine = self._change
        with self._writing:
            if self._written < mine:  # else the write of another thread carried this entry already
                self._write_now()

    def _write_now(self) -> bool:
        with self._lock:
            change, content = self._change, self._content()
        if wrote := content != self._stored:
            self._ensure_namespace()
            self._kube.apply(
                {
                    "apiVersion": "v1",
                    "kind": "ConfigMap",
                    "metadata": {
                        "name": self.header.project,
                        "namespace": NAMESPACE,
                        "labels": {LABEL: self.stack, "app.kubernetes.io/managed-by": "slipway"},
                    },
                    "data": {CONTENT: content},
                },
                force=True,
            )
        self._stored, self._written, self.exists = content, change, True
        return wrote

    def _ensure_namespace(self) -> None:
        if self.exists:
            return
        found = self._kube.get("v1", "Namespace", "", NAMESPACE)
        if found and not found["metadata"].get("deletionTimestamp"):
            return
        self._namespace_gone()
        metadata = {"name": NAMESPACE, "labels": {"app.kubernetes.io/managed-by": "slipway"}}
        self._kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})

    def _namespace_gone(self) -> None:
        """Wait for a deletion under way; a namespace that goes takes nothing new."""
        end = time.monotonic() + GONE_SECONDS
        while self._kube.get("v1", "Namespace", "", NAMESPACE):
            if time.monotonic() > end:
                raise SlipwayError(
                    f"Namespace {NAMESPACE} is not gone after {GONE_SECONDS:.0f} s",
                    hint=self._kube.command("describe", "namespace", NAMESPACE),
                    code=Exit.DEADLINE,
                )
            time.sleep(0.3)

    def _content(self) -> str:
        objects = [
            {**asdict(entry.ref), **{key: value for key, value in asdict(entry).items() if key != "ref"}}
            for entry in sorted(self.entries.values(), key=lambda entry: (entry.level, entry.ref))
        ]
        return json.dumps(
            {
                "engine": self.header.engine,
                "environment": self.header.environment,
                "stack": self.stack,
                "objects": objects,
                "outputs": self.outputs,
            },
            indent=1,
            sort_keys=True,
        )


def outputs_of(kube: Kube, project: str, environment: str) -> Mapping[str, Any]:
    """What another stack exported; raises when that stack is not there."""
    found = kube.get("v1", "ConfigMap", NAMESPACE, project)
    content = json.loads(found["data"][CONTENT]) if found else {}
    if content.get("environment") != environment:
        raise SlipwayError(
            f"StackReference: project {project} is not up for {environment} in this cluster",
            hint="bring it up first: stacks go foundation, platform, data, delivery",
        )
    return dict(content["outputs"])


def with_uid(entry: Entry, live: Mapping[str, Any]) -> Entry:
    """The entry of an object that was seen alive."""
    return replace(entry, uid=live.get("metadata", {}).get("uid", ""))


def _entry(item: Mapping[str, Any]) -> Entry:
    ref = Ref(item["api_version"], item["kind"], item["namespace"], item["name"])
    return Entry(ref=ref, level=item["level"], uid=item["uid"], retain=item["retain"], protect=item["protect"])


def _ours(live: Object) -> bool:
    fields = live["metadata"].get("managedFields") or []
    return any(item.get("manager") == FIELD_MANAGER for item in fields)


def _same_owner(found: Header, wanted: Header, stack: str) -> None:
    if found.engine != wanted.engine:
        raise SlipwayError(
            f"stack {stack} in this cluster was made by ENGINE={found.engine}, not {wanted.engine}; nothing changed",
            hint=f"go on with ENGINE={found.engine}, or hand over: "
            f"ENGINE={found.engine} make down && ENGINE={wanted.engine} make up",
            code=Exit.BAD_INPUT,
        )
    if found.environment != wanted.environment:
        raise SlipwayError(
            f"stack {stack} in this cluster is of ENV={found.environment}, not {wanted.environment}; nothing changed",
            hint=f"go on with ENV={found.environment}, or first: ENV={found.environment} make down",
            code=Exit.BAD_INPUT,
        )
