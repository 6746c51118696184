"""What of a deployed Helm release is in the cluster: an object somebody deleted, a workload that is not ready."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import yaml

from infra.engine.direct.chart import Chart
from infra.engine.direct.declared import Ref
from infra.engine.direct.helm import Helm
from infra.engine.direct.readiness import State, rule_for
from infra.lib.kube import Kube, Object

AT_ONCE = 8
AWAITED = frozenset({"Deployment", "StatefulSet", "DaemonSet"})
Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """`missing` objects are not there; `leaving` ones are being deleted; `workloads` are those that are there."""

    missing: tuple[Ref, ...] = ()
    leaving: tuple[Object, ...] = ()
    workloads: tuple[Object, ...] = ()

    @property
    def lacking(self) -> str:
        """What an upgrade has to bring back, for a message; empty when all is there."""
        return ", ".join(map(str, (*self.missing, *map(Ref.of, self.leaving))))


def standing_of(kube: Kube, helm: Helm, chart: Chart) -> Standing:
    """Look for each object of the deployed manifest; its hooks are not among them."""
    refs = list(_declared(kube, helm.manifest(chart), chart.namespace))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(lambda ref: kube.get(ref.api_version, ref.kind, ref.namespace, ref.name), refs))
    there = [live for live in found if live is not None]
    leaving = tuple(live for live in there if live["metadata"].get("deletionTimestamp"))
    return Standing(
        missing=tuple(ref for ref, live in zip(refs, found, strict=True) if live is None),
        leaving=leaving,
        workloads=tuple(live for live in there if live["kind"] in AWAITED and live not in leaving),
    )


def unready(kube: Kube, workloads: tuple[Object, ...]) -> str:
    """What an `up` would wait for, for a message; empty when all are ready."""
    verdicts = [(Ref.of(live), rule_for(live).check(kube, live)) for live in workloads]
    return "; ".join(f"{ref} is not ready: {each.why}" for ref, each in verdicts if each.state is not State.READY)


def _declared(kube: Kube, manifest: str, namespace: str) -> Iterator[Ref]:
    for body in yaml.load_all(manifest, Loader=Loader):
        for each in (body or {}).get("items") or [body]:
            # A Job that deletes itself when it has ended is not missing.
            if not each or (each["kind"] == "Job" and "ttlSecondsAfterFinished" in each["spec"]):
                continue
            known = kube.kind(each["apiVersion"], each["kind"])
            place = each["metadata"].get("namespace") or namespace if known is None or known.namespaced else ""
            yield Ref(each["apiVersion"], each["kind"], place, each["metadata"]["name"])
