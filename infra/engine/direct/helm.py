"""Helm releases by the real helm of the node binary; nothing is run where nothing changed.

A release carries the hash of its chart, values and options as a label; `deployed` with the same
hash, and all its objects there, is left alone. A release that a killed helm left behind is
recovered first, by its last status:

- `pending-install`, `uninstalling`: uninstalled, then installed again;
- `pending-upgrade`, `pending-rollback`: rolled back to the last revision that was deployed, then upgraded;
- `failed`: upgraded, which helm allows.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from infra.engine.direct.chart import Chart
from infra.engine.direct.helmlog import failure_of
from infra.lib import gotool
from infra.lib.errors import SlipwayError
from infra.lib.kube import Kube, Object
from infra.lib.paths import cache_dir, kubectl_homes
from infra.lib.process import capture, run
from infra.lib.report import Report

HASH_LABEL = "slipway-inputs"
REMOVED_FIRST = frozenset({"pending-install", "uninstalling"})
ROLLED_BACK_FIRST = frozenset({"pending-upgrade", "pending-rollback"})
WAS_GOOD = frozenset({"deployed", "superseded"})
GRACE = 60.0  # seconds helm gets beyond its own timeout to say why


@dataclass(frozen=True)
class Revision:
    """One stored revision of a release."""

    number: int
    status: str
    inputs_hash: str


class Helm:
    """Helm on one cluster; `kube` is None for templates only."""

    def __init__(self, *, kube: Kube | None, log: Path, report: Report) -> None:
        self._kube = kube
        self._log = log
        self._report = report
        self._program: Path | None = None

    def revisions(self, namespace: str, name: str) -> list[Revision]:
        """The stored revisions, oldest first; read from their Secrets' labels, not their content."""
        if self._kube is None:
            return []
        found = self._kube.find_all("v1", "Secret", namespace, labels=f"owner=helm,name={name}", bare=True)
        labels = [item["metadata"].get("labels") or {} for item in found]
        revisions = [Revision(int(item["version"]), item["status"], item.get(HASH_LABEL, "")) for item in labels]
        return sorted(revisions, key=lambda revision: revision.number)

    def upgrade(self, chart: Chart, *, taking_back: bool = False) -> None:
        """Install or upgrade, and wait as helm does; a release left behind by a killed helm is recovered first.

        `taking_back`: fields that somebody else took by an edit become the chart's again.
        """
        self._recover(chart)
        with chart.values_file() as values:
            self._run(
                chart,
                "upgrade",
                "--install",
                chart.name,
                str(chart.folder),
                f"--values={values}",
                f"--labels={HASH_LABEL}={chart.inputs_hash}",
                f"--timeout={chart.timeout:.0f}s",
                *(["--wait"] if chart.waits else []),
                *(["--force-conflicts"] if taking_back else []),
                *chart.flags,
            )

    def uninstall(self, namespace: str, name: str, *, timeout: float = 300.0) -> None:
        """Remove the release and wait until its objects are gone; nothing to do when there is none."""
        if not self.revisions(namespace, name):
            return
        self._report(f"uninstall Helm release {name}")
        words = [name, "--wait", f"--timeout={timeout:.0f}s", "--ignore-not-found"]
        run(
            self._command("uninstall", namespace, words),
            log=self._log,
            deadline=timeout + GRACE,
            env=self._homes(),
        )

    def template(self, chart: Chart, *, hooks: bool = True) -> str:
        """The manifests helm would install, with its hooks or without; needs no cluster."""
        with chart.values_file() as values:
            words = [chart.name, str(chart.folder), f"--values={values}", "--include-crds"]
            flags = {flag for flag in chart.flags if flag in {"--no-hooks", "--skip-crds"}}
            flags |= set() if hooks else {"--no-hooks"}
            return capture(self._command("template", chart.namespace, [*words, *sorted(flags)]), env=self._homes())

    def manifest(self, chart: Chart) -> str:
        """The manifests of the deployed release, hooks not among them."""
        return capture(self._command("get", chart.namespace, ["manifest", chart.name]), env=self._homes())

    def _recover(self, chart: Chart) -> None:
        revisions = self.revisions(chart.namespace, chart.name)
        if not revisions:
            return
        status = revisions[-1].status
        good = [revision.number for revision in revisions if revision.status in WAS_GOOD]
        if status in REMOVED_FIRST or (status in ROLLED_BACK_FIRST and not good):
            self._report(f"Helm release {chart.name} was left {status}: uninstall it first")
            self.uninstall(chart.namespace, chart.name)
        elif status in ROLLED_BACK_FIRST:
            self._report(f"Helm release {chart.name} was left {status}: roll back to revision {good[-1]} first")
            self._run(chart, "rollback", chart.name, str(good[-1]), f"--timeout={chart.timeout:.0f}s")

    def _run(self, chart: Chart, verb: str, *words: str) -> None:
        self._report(f"helm {verb} {chart.name}")
        start = self._log.stat().st_size if self._log.exists() else 0
        try:
            run(
                self._command(verb, chart.namespace, list(words)),
                log=self._log,
                deadline=chart.timeout + GRACE,
                env=self._homes(),
            )
        except SlipwayError as error:
            if self._kube is None:
                raise
            raise failure_of(self._kube, chart, self._log, start, error) from error

    def _command(self, verb: str, namespace: str, words: list[str]) -> list[str | Path]:
        """Helm dies with the thread that started it, so that a killed `up` leaves none behind."""
        if self._program is None:
            self._program = gotool.ensure("node", report=self._report, log=self._log)
        tied = [path, "--pdeathsig=KILL"] if (path := shutil.which("setpriv")) else []
        command: list[str | Path] = [*tied, self._program, "helm", verb, *words, f"--namespace={namespace}"]
        if self._kube is not None:
            command.append(f"--kubeconfig={self._kube.kubeconfig}")
            if self._kube.context:
                command.append(f"--kube-context={self._kube.context}")
        return command

    @staticmethod
    def _homes() -> dict[str, str]:
        """Helm's folders away from the user's: no repository or plug-in of theirs plays a part."""
        root = cache_dir() / "helm"
        homes = {f"HELM_{name}_HOME": str(root / name.lower()) for name in ("CACHE", "CONFIG", "DATA")}
        return {**homes, **kubectl_homes()}


def outputs_of(body: Object, revision: Revision | None) -> Object:
    """What a Release resource shows to the program."""
    status = {
        "name": body["metadata"]["name"],
        "namespace": body["metadata"]["namespace"],
        "status": revision.status if revision else "unknown",
        "revision": revision.number if revision else 0,
    }
    return {**body["spec"], "status": status}
