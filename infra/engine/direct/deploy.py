"""`up`: place every object of the program in the cluster, prune what it no longer declares."""

import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from infra.engine.api import Action, ObjectResult
from infra.engine.direct import inventory as inventories
from infra.engine.direct.apply import apply, explained, placed, remove
from infra.engine.direct.chart import Chart, chart_of
from infra.engine.direct.declared import Declared, Ref
from infra.engine.direct.delete import delete_all, result_of, until_gone
from infra.engine.direct.helm import Helm, outputs_of
from infra.engine.direct.inventory import Entry, Inventory, with_uid
from infra.engine.direct.live import LiveRegistrar
from infra.engine.direct.readiness import condition
from infra.engine.direct.standing import standing_of
from infra.engine.direct.wait import until_ready
from infra.lib.kube import Kube, KubeError
from infra.lib.report import Report

OLD_ONE_SECONDS = 120.0  # an earlier `down`, perhaps a killed one, may still be at work


class Deployer(LiveRegistrar):
    """Applies each object when its dependencies are ready, and returns the live one to the program."""

    def __init__(self, *, kube: Kube, helm: Helm, inventory: Inventory, directory: Path, report: Report) -> None:
        super().__init__(kube=kube, helm=helm, inventory=inventory, directory=directory)
        self._report = report
        self._placing = threading.Lock()
        self._expected = len(inventory.entries)  # as many as last time; unknown the first time
        self.entries: dict[Ref, Entry] = {}
        self.results: list[ObjectResult] = []

    def place(self, item: Declared) -> Mapping[str, Any]:
        """Record, apply, wait; the live object. A release: helm, unless its inputs are deployed and all is there."""
        try:
            return self._release(item) if item.is_release else self._object(item)
        except KubeError as error:
            raise explained(self._kube, item.body, error) from error

    def reference(self, project: str, environment: str) -> Mapping[str, Any]:
        """From the other stack's inventory."""
        return inventories.outputs_of(self._kube, project, environment)

    def prune(self) -> list[ObjectResult]:
        """Delete what the inventory lists and the program no longer declares; what is deleted or kept."""
        stale = self._stale(self.entries)
        return delete_all(self._kube, self._helm, stale, report=self._report) if stale else []

    def _object(self, item: Declared) -> Mapping[str, Any]:
        body = placed(self._kube, item.body)
        item = replace(item, body=body, ref=Ref.of(body))
        ref = item.ref
        live = self._kube.get(ref.api_version, ref.kind, ref.namespace, ref.name)
        self._inventory.claim(item, live)
        if live and live["metadata"].get("deletionTimestamp"):
            self._report(f"wait until the old {ref} is gone")
            until_gone(self._kube, ref, uid=live["metadata"]["uid"], seconds=OLD_ONE_SECONDS)
            live = None
        if live and _failed_job(live):
            remove(self._kube, ref, live)  # a Job does not start again by itself; `up` again means try again
            action, live = Action.UPDATED, apply(self._kube, body, None)[1]
        else:
            action, live = apply(self._kube, body, live)
        live = until_ready(self._kube, live, timeout=item.options.timeout, stopping=self.stopping, report=self._report)
        self._done(item, action, live)
        return _shown(live)

    def _release(self, item: Declared) -> Mapping[str, Any]:
        chart = chart_of(item, self._directory)
        known = self._helm.revisions(chart.namespace, chart.name)
        self._inventory.claim(item, None)
        last = known[-1] if known else None
        same = last and last.status == "deployed" and last.inputs_hash == chart.inputs_hash
        if same and self._stands(chart):
            action = Action.UNCHANGED
        else:
            self._helm.upgrade(chart, taking_back=bool(same))
            action = Action.UPDATED if last else Action.CREATED
            last = self._helm.revisions(chart.namespace, chart.name)[-1]
        self._done(item, action, {})
        return outputs_of(item.body, last)

    def _stands(self, chart: Chart) -> bool:
        """Whether every object of the release is there, once its workloads are ready; False: helm has to run."""
        standing = standing_of(self._kube, self._helm, chart)
        if standing.lacking:
            self._report(f"Helm release {chart.name}: {standing.lacking}")
            for live in standing.leaving:  # an upgrade would patch it, and then it would go
                until_gone(self._kube, Ref.of(live), uid=live["metadata"]["uid"], seconds=OLD_ONE_SECONDS)
            return False
        for live in standing.workloads if chart.waits else ():
            until_ready(self._kube, live, timeout=chart.timeout, stopping=self.stopping, report=self._report)
        return True

    def _done(self, item: Declared, action: Action, live: Mapping[str, Any]) -> None:
        options = item.options
        entry = Entry(ref=item.ref, level=item.level, retain=options.retain, protect=options.protect)
        with self._placing:
            self.entries[item.ref] = with_uid(entry, live)
            self.results.append(result_of(item.ref, action))
            count = len(self.results)
        done = min(1.0, count / self._expected) if self._expected else None
        self._report(f"{item.ref} {action}; {count} objects ready", done=done)


def _failed_job(live: Mapping[str, Any]) -> bool:
    return live["kind"] == "Job" and condition(dict(live), "Failed").get("status") == "True"


def _shown(live: Mapping[str, Any]) -> Mapping[str, Any]:
    """The live object as the program may see it: no secret value, no bookkeeping of the server."""
    metadata = {key: value for key, value in live["metadata"].items() if key != "managedFields"}
    hidden = {"data", "stringData"} if live["kind"] == "Secret" else set()
    return {**{key: value for key, value in live.items() if key not in hidden}, "metadata": metadata}
