"""The official engine through the CLI: `stack select --create`, `up`, `preview`, `destroy`, `stack output`."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.engine.api import ObjectResult, StackRef, StackResult
from infra.engine.direct.config import load, project_of
from infra.engine.direct.engine import DirectEngine
from infra.engine.direct.inventory import Header, Inventory
from infra.engine.pulumi.events import events_of, failure_of, object_of, preview_rows
from infra.engine.pulumi.workspace import Workspace
from infra.lib.errors import Exit, SlipwayError
from infra.lib.kube import Kube
from infra.lib.report import Report, silent

PROGRAM = "pulumi"


@dataclass(frozen=True)
class Answer:
    """What one `pulumi` command said."""

    code: int
    text: str
    events: tuple[dict[str, Any], ...]


class PulumiEngine:
    """See infra.engine.api.Engine; `state` keeps the backend, the passphrase and the project folders."""

    name = "pulumi"

    def __init__(self, *, log: Path, state: Path, kubeconfig: Path | None = None, context: str | None = None) -> None:
        self._log = log
        self._state = state.resolve()
        self._kubeconfig = kubeconfig
        self._context = context
        self._kube: Kube | None = None

    def close(self) -> None:
        """Close the connection to the cluster."""
        if self._kube is not None:
            self._kube.close()
            self._kube = None

    def up(
        self, stack: StackRef, *, overrides: Mapping[str, Any] | None = None, report: Report = silent
    ) -> StackResult:
        """`pulumi up`; the cluster's inventory says from the start that this engine owns the stack."""
        workspace = self._workspace(stack, overrides or {})
        inventory = self._inventory(stack)
        inventory.finish((), inventory.outputs)
        self._select(workspace)
        answer, rows, seconds = self._change(workspace, UP, report)
        if answer.code != 0:
            raise failure_of(answer.events, stack.name, hint_prefix=self._hint(workspace))
        outputs = self._outputs(workspace)
        inventory.finish((), outputs)
        return self._result(stack, rows, outputs=outputs, seconds=seconds)

    def preview(
        self, stack: StackRef, *, overrides: Mapping[str, Any] | None = None, report: Report = silent
    ) -> StackResult:
        """`pulumi preview --json`."""
        workspace = self._workspace(stack, overrides or {})
        self._inventory(stack)
        self._select(workspace)
        report(f"pulumi preview {stack.name}")
        start = time.monotonic()
        answer = self._pulumi(workspace, PREVIEW, report=report)
        if answer.code != 0:
            raise failure_of(answer.events, stack.name, hint_prefix=self._hint(workspace))
        return self._result(stack, preview_rows(json.loads(answer.text)), seconds=time.monotonic() - start)

    def render(
        self, stack: StackRef, directory: Path, *, overrides: Mapping[str, Any] | None = None, report: Report = silent
    ) -> StackResult:
        """The direct engine's: the CLI cannot render without a cluster."""
        engine = DirectEngine(log=self._log)
        try:
            return engine.render(stack, directory, overrides=overrides, report=report)
        finally:
            engine.close()

    def down(self, stack: StackRef, *, report: Report = silent) -> StackResult:
        """`pulumi destroy`, then the stack and the inventory's mark."""
        workspace = self._workspace(stack, {})
        inventory = self._inventory(stack)
        if not inventory.exists:
            return self._result(stack, ())
        self._select(workspace)
        answer, rows, seconds = self._change(workspace, DESTROY, report)
        if answer.code != 0:
            raise failure_of(answer.events, stack.name, hint_prefix=self._hint(workspace))
        self._pulumi(workspace, REMOVE, report=report)
        inventory.remove()
        return self._result(stack, rows, seconds=seconds)

    def outputs(self, stack: StackRef) -> Mapping[str, Any]:
        """From the inventory's mark."""
        return self._inventory(stack).outputs

    def command(self, workspace: Workspace, words: Iterable[str]) -> list[str]:
        """The command line of one CLI call."""
        return [PROGRAM, *words, "--stack", workspace.stack.environment, "--cwd", str(workspace.folder)]

    def _workspace(self, stack: StackRef, overrides: Mapping[str, Any]) -> Workspace:
        load(stack, overrides)  # every bad key at once, before the CLI stops at the first
        workspace = Workspace(self._state, stack, Path(sys.prefix))
        workspace.prepare(overrides=overrides, context=self._context)
        return workspace

    def _inventory(self, stack: StackRef) -> Inventory:
        if self._kube is None:
            self._kube = Kube(kubeconfig=self._cluster(), context=self._context)
        header = Header(self.name, project_of(stack.directory).name, stack.environment)
        return Inventory.load(self._kube, header=header, stack=stack.name)

    def _cluster(self) -> Path:
        if self._kubeconfig is None:
            raise SlipwayError("the engine pulumi needs a cluster", hint="make up", code=Exit.NOT_RUNNING)
        return self._kubeconfig

    def _select(self, workspace: Workspace) -> None:
        answer = self._pulumi(workspace, SELECT, report=silent)
        if answer.code != 0:
            raise SlipwayError(
                f"pulumi cannot open the stack {workspace.stack.name}", details=tuple(answer.text.splitlines()[-5:])
            )

    def _change(
        self, workspace: Workspace, words: Iterable[str], report: Report
    ) -> tuple[Answer, list[ObjectResult], float]:
        start = time.monotonic()
        answer = self._pulumi(workspace, words, report=report)
        rows = [row for event in answer.events if (row := object_of(event)) is not None]
        return answer, rows, time.monotonic() - start

    def _outputs(self, workspace: Workspace) -> dict[str, Any]:
        answer = self._pulumi(workspace, OUTPUT, report=silent)
        return dict(json.loads(answer.text or "{}"))

    def _hint(self, workspace: Workspace) -> str:
        backend = workspace.environment(kubeconfig=self._cluster())
        shown = " ".join(f"{key}={value}" for key, value in backend.items() if key.startswith("PULUMI_BACKEND"))
        secret = f"PULUMI_CONFIG_PASSPHRASE_FILE={backend['PULUMI_CONFIG_PASSPHRASE_FILE']}"
        return f"{shown} {secret} pulumi --cwd {workspace.folder} --stack {workspace.stack.environment}"

    def _pulumi(self, workspace: Workspace, words: Iterable[str], *, report: Report) -> Answer:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, **workspace.environment(kubeconfig=self._cluster())}
        lines, events = [], []
        with self._log.open("a", encoding="utf-8") as log:
            try:
                process = subprocess.Popen(
                    self.command(workspace, words),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                    env=environment,
                )
            except FileNotFoundError as error:
                raise SlipwayError(
                    "ENGINE=pulumi, and there is no `pulumi` on PATH", hint="ENGINE=direct make up", code=Exit.MISSING
                ) from error
            with process:
                for line in process.stdout or ():
                    lines.append(line)
                    for event in events_of([line]):
                        events.append(event)
                        if row := object_of(event):
                            report(f"{row} {row.action}")
        return Answer(process.returncode, "".join(lines), tuple(events))

    def _result(
        self,
        stack: StackRef,
        rows: Iterable[ObjectResult],
        *,
        outputs: Mapping[str, Any] | None = None,
        seconds: float = 0.0,
    ) -> StackResult:
        ordered = tuple(sorted(rows, key=lambda row: (row.kind, row.namespace, row.name)))
        return StackResult(
            stack=stack.name,
            environment=stack.environment,
            engine=self.name,
            objects=ordered,
            outputs=outputs or {},
            seconds=round(seconds, 3),
        )


SELECT = ("stack", "select", "--create", "--non-interactive")
UP = ("up", "--yes", "--skip-preview", "--json", "--non-interactive")
PREVIEW = ("preview", "--json", "--non-interactive")
DESTROY = ("destroy", "--yes", "--skip-preview", "--json", "--non-interactive")
OUTPUT = ("stack", "output", "--json")
REMOVE = ("stack", "rm", "--yes")
