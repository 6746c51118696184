"""`preview`: what `up` would do to each object, by server-side dry runs; nothing is written."""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.engine.api import Action, ObjectResult
from infra.engine.direct import inventory as inventories
from infra.engine.direct.apply import desired, explained, placed
from infra.engine.direct.chart import Chart, chart_of
from infra.engine.direct.compare import same, unified, unified_text
from infra.engine.direct.declared import Declared, Ref
from infra.engine.direct.delete import result_of
from infra.engine.direct.helm import Helm, outputs_of
from infra.engine.direct.inventory import Inventory
from infra.engine.direct.live import LiveRegistrar
from infra.engine.direct.standing import standing_of, unready
from infra.lib.kube import Kube, KubeError, Object


class Previewer(LiveRegistrar):
    """Compares each object with the live one."""

    def __init__(
        self,
        *,
        kube: Kube,
        helm: Helm,
        inventory: Inventory,
        directory: Path,
        known: Mapping[str, Mapping[str, Any]],
    ) -> None:
        super().__init__(kube=kube, helm=helm, inventory=inventory, directory=directory)
        self._known = known
        self._lock_results = threading.Lock()
        self.results: list[ObjectResult] = []
        self.seen: set[Ref] = set()

    def place(self, item: Declared) -> Mapping[str, Any]:
        """The object as the cluster would have it."""
        if item.is_release:
            return self._release(item)
        body = placed(self._kube, item.body)
        ref = Ref.of(body)
        live = self._kube.get(ref.api_version, ref.kind, ref.namespace, ref.name)
        try:
            wanted = desired(self._kube, body, live)
        except KubeError as error:
            wanted = self._unanswered(body, live, error)
        action = Action.CREATED if live is None else Action.UNCHANGED if same(live, wanted) else Action.UPDATED
        diff = "" if action is Action.UNCHANGED else unified(live, wanted, str(ref))
        self._add(ref, action, diff=diff)
        return wanted

    def reference(self, project: str, environment: str) -> Mapping[str, Any]:
        """From the other stack's preview just before, else from its inventory."""
        if project in self._known:
            return self._known[project]
        return inventories.outputs_of(self._kube, project, environment)

    def pruned(self) -> list[ObjectResult]:
        """What `up` would delete because the program no longer declares it."""
        return [
            result_of(entry.ref, Action.SKIPPED if entry.retain else Action.DELETED, note="no longer declared")
            for entry in self._stale(self.seen)
        ]

    def _unanswered(self, body: Object, live: Object | None, error: KubeError) -> Object:
        """A dry run cannot see what this very `up` makes first: a namespace or a kind. Nor replace a Job."""
        if live is None and error.http in {404, 403}:
            return body
        if error.http == 422 and body["kind"] == "Job":
            return body
        raise explained(self._kube, body, error) from error

    def _release(self, item: Declared) -> Mapping[str, Any]:
        chart = chart_of(item, self._directory)
        known = self._helm.revisions(chart.namespace, chart.name)
        last = known[-1] if known else None
        if last is None:
            action, note = Action.CREATED, ""
        elif last.status == "deployed" and last.inputs_hash == chart.inputs_hash:
            action, note = self._standing(chart)
        else:
            action, note = Action.UPDATED, f"revision {last.number} is {last.status}; chart, values or options differ"
        diff = ""
        if action is not Action.UNCHANGED:
            before = self._helm.manifest(chart) if last else ""
            diff = unified_text(before, self._helm.template(chart, hooks=False), str(item.ref))
        self._add(item.ref, action, note=note, diff=diff)
        return outputs_of(item.body, last)

    def _standing(self, chart: Chart) -> tuple[Action, str]:
        """A release whose inputs are deployed: what is missing of it, else what is not ready."""
        standing = standing_of(self._kube, self._helm, chart)
        if standing.lacking:
            return Action.UPDATED, standing.lacking
        return Action.UNCHANGED, unready(self._kube, standing.workloads) if chart.waits else ""

    def _add(self, ref: Ref, action: Action, *, diff: str = "", note: str = "") -> None:
        with self._lock_results:
            self.seen.add(ref)
            self.results.append(result_of(ref, action, diff=diff, note=note))
