"""What of a deployed Helm release is in the cluster: objects deleted or edited, workloads that are not ready.

An edit shows as helm itself would see it: a dry-run apply by helm's field manager that would change the live object.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import yaml

from infra.engine.direct.chart import Chart
from infra.engine.direct.compare import same
from infra.engine.direct.declared import Ref
from infra.engine.direct.helm import Helm
from infra.engine.direct.readiness import State, rule_for
from infra.lib.kube import Kube, KubeError, Object
from infra.lib.ownership import ownership

AT_ONCE = 8
HELM = "helm"  # the field manager of helm 4's server-side apply
AWAITED = frozenset({"Deployment", "StatefulSet", "DaemonSet"})
Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """`missing` objects are not there; `leaving` ones are being deleted; `edited` ones are not as the chart has them;
    `workloads` are those that are there.
    """

    missing: tuple[Ref, ...] = ()
    leaving: tuple[Object, ...] = ()
    edited: tuple[Ref, ...] = ()
    workloads: tuple[Object, ...] = ()

    @property
    def lacking(self) -> str:
        """What an upgrade has to put right, for a message; empty when all is as it should be."""
        absent = ", ".join(map(str, (*self.missing, *map(Ref.of, self.leaving))))
        edited = ", ".join(map(str, self.edited))
        return "; ".join([*([f"missing: {absent}"] if absent else []), *([f"edited: {edited}"] if edited else [])])


def standing_of(kube: Kube, helm: Helm, chart: Chart) -> Standing:
    """Look for each object of the deployed manifest; its hooks are not among them."""
    bodies = list(_declared(kube, helm.manifest(chart), chart))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(lambda body: _live(kube, Ref.of(body)), bodies))
        there = [live for live in found if live is not None]
        leaving = tuple(live for live in there if live["metadata"].get("deletionTimestamp"))
        pairs = [(body, live) for body, live in zip(bodies, found, strict=True) if live and live not in leaving]
        edits = list(pool.map(lambda pair: _edited(kube, *pair), pairs))
    return Standing(
        missing=tuple(Ref.of(body) for body, live in zip(bodies, found, strict=True) if live is None),
        leaving=leaving,
        edited=tuple(Ref.of(body) for (body, _), edited in zip(pairs, edits, strict=True) if edited),
        workloads=tuple(live for live in there if live["kind"] in AWAITED and live not in leaving),
    )


def _live(kube: Kube, ref: Ref) -> Object | None:
    return kube.get(ref.api_version, ref.kind, ref.namespace, ref.name)


def _edited(kube: Kube, body: Object, live: Object) -> bool:
    """Whether helm's apply would change the object; one that another controller wrote meanwhile is looked at again."""
    for _ in range(2):
        try:
            wanted = kube.apply(ownership().yielded(body, live), dry_run=True, force=True, manager=HELM)
        except KubeError:
            return False  # an immutable field, or admission refuses it now: an upgrade could not put it right either
        if same(live, wanted):
            return False
        again = _live(kube, Ref.of(body))
        if again is None or again["metadata"].get("resourceVersion") == live["metadata"].get("resourceVersion"):
            break
        live = again
    return True


def unready(kube: Kube, workloads: tuple[Object, ...]) -> str:
    """What an `up` would wait for, for a message; empty when all are ready."""
    verdicts = [(Ref.of(live), rule_for(live).check(kube, live)) for live in workloads]
    return "; ".join(f"{ref} is not ready: {each.why}" for ref, each in verdicts if each.state is not State.READY)


def _declared(kube: Kube, manifest: str, chart: Chart) -> Iterator[Object]:
    for body in yaml.load_all(manifest, Loader=Loader):
        for each in (body or {}).get("items") or [body]:
            # A Job that deletes itself when it has ended is not missing.
            if not each or (each["kind"] == "Job" and "ttlSecondsAfterFinished" in each["spec"]):
                continue
            known = kube.kind(each["apiVersion"], each["kind"])
            metadata = dict(each["metadata"])
            if known is None or known.namespaced:
                metadata["namespace"] = metadata.get("namespace") or chart.namespace
            yield {**each, "metadata": {**metadata, **_marks(metadata, chart)}}


def _marks(metadata: Object, chart: Chart) -> dict[str, Object]:
    """What helm adds to each object of a release before it applies it."""
    return {
        "labels": {**(metadata.get("labels") or {}), "app.kubernetes.io/managed-by": "Helm"},
        "annotations": {
            **(metadata.get("annotations") or {}),
            "meta.helm.sh/release-name": chart.name,
            "meta.helm.sh/release-namespace": chart.namespace,
        },
    }
