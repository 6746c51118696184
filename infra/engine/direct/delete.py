"""Delete what an inventory lists: dependents first, each level side by side, and wait until it is gone."""

import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby

from infra.engine.api import Action, ObjectResult
from infra.engine.direct.declared import Ref
from infra.engine.direct.helm import Helm
from infra.engine.direct.inventory import Entry
from infra.engine.direct.readiness import condition
from infra.lib.errors import Exit, SlipwayError
from infra.lib.kube import FIELD_MANAGER, Kube, Object
from infra.lib.report import Report

PAUSE = 0.2
DEADLINE = 180.0  # seconds an object has to go
THREADS = 16
HELD_SHOWN = 5
# Within a level these go last: what they contain or define goes with them.
LAST = {"CustomResourceDefinition": 1, "Namespace": 2}
NAMESPACE_TROUBLE = (
    "NamespaceDeletionDiscoveryFailure",
    "NamespaceDeletionContentFailure",
    "NamespaceDeletionGroupVersionParsingFailure",
    "NamespaceFinalizersRemaining",
    "NamespaceContentRemaining",
)


def delete_all(
    kube: Kube, helm: Helm, entries: Iterable[Entry], *, report: Report, deadline: float = DEADLINE
) -> list[ObjectResult]:
    """Delete the entries, highest level first; raises SlipwayError (exit 6) naming what keeps an object.

    Protected entries stop it before anything is deleted; retained ones are left.
    """
    entries = list(entries)
    if protected := [str(entry.ref) for entry in entries if entry.protect]:
        raise SlipwayError(
            f"protected, so nothing was deleted: {', '.join(protected)}",
            hint="take the protection out of the program (allow_unprotected) and run `up` first",
            code=Exit.BAD_INPUT,
        )
    results: list[ObjectResult] = []
    lock = threading.Lock()

    def one(entry: Entry) -> None:
        result = _delete(kube, helm, entry, report=report, deadline=deadline)
        with lock:
            results.append(result)
            report(f"deleted {len(results)} of {len(entries)} objects", done=len(results) / len(entries))

    with ThreadPoolExecutor(THREADS) as pool:
        ordered = sorted(entries, key=_order, reverse=True)
        for _, group in groupby(ordered, key=_order):
            list(pool.map(one, group))
    return sorted(results, key=lambda item: (item.kind, item.namespace, item.name))


def until_gone(kube: Kube, ref: Ref, *, uid: str, seconds: float) -> None:
    """Wait until the object with this uid is no more; raise with what keeps it."""
    end = time.monotonic() + seconds
    while (live := kube.get(ref.api_version, ref.kind, ref.namespace, ref.name)) is not None:
        if uid and live["metadata"].get("uid") != uid:
            return
        if time.monotonic() > end:
            raise _stuck(kube, ref, live, seconds)
        time.sleep(PAUSE)


def _order(entry: Entry) -> tuple[int, int]:
    return entry.level, -LAST.get(entry.ref.kind, 0)


def _delete(kube: Kube, helm: Helm, entry: Entry, *, report: Report, deadline: float) -> ObjectResult:
    ref = entry.ref
    if entry.retain:
        return result_of(ref, Action.SKIPPED, note="kept: the program says retain_on_delete")
    if entry.is_release:
        helm.uninstall(ref.namespace, ref.name)
        return result_of(ref, Action.DELETED)
    live = kube.get(ref.api_version, ref.kind, ref.namespace, ref.name)
    if live is None:
        return result_of(ref, Action.SKIPPED, note="was gone already")
    uid = live["metadata"]["uid"]
    if entry.uid not in {"", uid} and not _ours(live):
        return result_of(ref, Action.SKIPPED, note="kept: somebody else made it anew")
    report(f"delete {ref}")
    kube.delete(ref.api_version, ref.kind, ref.namespace, ref.name, uid=uid)
    until_gone(kube, ref, uid=uid, seconds=deadline)
    return result_of(ref, Action.DELETED)


def result_of(ref: Ref, action: Action, *, note: str = "", diff: str = "") -> ObjectResult:
    """The result row of an object."""
    return ObjectResult(
        api_version=ref.api_version,
        kind=ref.kind,
        namespace=ref.namespace,
        name=ref.name,
        action=action,
        note=note,
        diff=diff,
    )


def _ours(live: Object) -> bool:
    return any(item.get("manager") == FIELD_MANAGER for item in live["metadata"].get("managedFields") or [])


def _stuck(kube: Kube, ref: Ref, live: Object, seconds: float) -> SlipwayError:
    metadata = live["metadata"]
    why = [str(condition(live, kind).get("message")) for kind in NAMESPACE_TROUBLE if _is_true(live, kind)]
    if ref.kind == "Namespace":
        why += _held(kube, ref.name)
    if metadata.get("finalizers"):
        why.append(f"finalizers not removed by their controllers: {', '.join(metadata['finalizers'])}")
    if not metadata.get("deletionTimestamp"):
        why.append("it is not marked for deletion: something made it again")
    namespace = f"-n {ref.namespace} " if ref.namespace else ""
    return SlipwayError(
        f"{ref} is not gone after {seconds:.0f} s",
        details=(*why, *(f"event: {line}" for line in kube.events(live))),
        hint=kube.command(f"{namespace}get {ref.kind.lower()} {ref.name} -o yaml"),
        code=Exit.DEADLINE,
    )


def _is_true(live: Object, kind: str) -> bool:
    return condition(live, kind).get("status") == "True"


def _held(kube: Kube, namespace: str) -> list[str]:
    """The objects whose finalizers keep a namespace; asked only when it is stuck."""
    held = []
    for kind in kube.kinds():
        if kind.namespaced:
            items = kube.find_all(kind.api_version, kind.kind, namespace, bare=True)
            held += [item["metadata"] | {"kind": kind.kind} for item in items if item["metadata"].get("finalizers")]
    return [f"{item['kind']} {item['name']} waits for {', '.join(item['finalizers'])}" for item in held[:HELD_SHOWN]]
