"""The direct engine as the front door sees it: checks the config, hands the task to the worker, passes on events."""

import atexit
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from infra.engine.api import Action, ObjectResult, StackRef, StackResult
from infra.engine.direct.config import load, project_of
from infra.lib.errors import Exit, SlipwayError
from infra.lib.paths import cache_dir
from infra.lib.report import Report, silent

WORKER = (sys.executable, "-m", "infra.engine.direct")
END_SECONDS = 10.0


class DirectEngine:
    """See infra.engine.api.Engine. One at a time: a second call waits for nothing, it is an error to make one.

    `log` receives what programs and helm print; `worker` is the command of the worker process.
    """

    name = "direct"

    def __init__(
        self, *, log: Path, kubeconfig: Path | None = None, context: str | None = None, worker: Sequence[str] = WORKER
    ) -> None:
        self._log = log.resolve()
        self._kubeconfig = kubeconfig.resolve() if kubeconfig else None
        self._context = context
        self._command = worker
        self._process: subprocess.Popen[str] | None = None
        self._previewed: dict[str, dict[str, Mapping[str, Any]]] = {}

    def up(
        self, stack: StackRef, *, overrides: Mapping[str, Any] | None = None, report: Report = silent
    ) -> StackResult:
        """Apply, wait, prune."""
        return self._ask("up", stack, overrides=overrides, report=report)

    def preview(
        self, stack: StackRef, *, overrides: Mapping[str, Any] | None = None, report: Report = silent
    ) -> StackResult:
        """Compare by dry run; later stacks' references see the outputs of stacks previewed before them."""
        result = self._ask("preview", stack, overrides=overrides, report=report)
        self._previewed.setdefault(stack.environment, {})[project_of(stack.directory).name] = result.outputs
        return result

    def render(
        self, stack: StackRef, directory: Path, *, overrides: Mapping[str, Any] | None = None, report: Report = silent
    ) -> StackResult:
        """Write manifests."""
        return self._ask("render", stack, overrides=overrides, report=report, target=str(directory.resolve()))

    def down(self, stack: StackRef, *, report: Report = silent) -> StackResult:
        """Delete by the inventory; the program is not run, so its settings do not matter."""
        return self._ask("down", stack, report=report, configured=False)

    def outputs(self, stack: StackRef) -> Mapping[str, Any]:
        """From the inventory."""
        return self._ask("outputs", stack, configured=False).outputs

    def start(self) -> None:
        """Start the worker now, so that its imports overlap with other work; `up` does it otherwise."""
        if self._process is None or self._process.poll() is not None:
            self._log.parent.mkdir(parents=True, exist_ok=True)
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(
                    list(self._command),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                    env=_environment(),
                    start_new_session=True,  # ctrl-C is ours to handle; closing the pipe ends the worker
                )
            atexit.register(self.close)

    def close(self) -> None:
        """End the worker."""
        process, self._process = self._process, None
        atexit.unregister(self.close)
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _ask(
        self,
        verb: str,
        stack: StackRef,
        *,
        overrides: Mapping[str, Any] | None = None,
        report: Report = silent,
        target: str = "",
        configured: bool = True,
    ) -> StackResult:
        config = load(stack, overrides or {}) if configured else {}
        task = {
            "verb": verb,
            "stack": stack.name,
            "directory": str(stack.directory.resolve()),
            "environment": stack.environment,
            "log": str(self._log),
            "config": config,
            "kubeconfig": str(self._kubeconfig or ""),
            "context": self._context or "",
            "target": target,
            "known": self._previewed.get(stack.environment, {}) if verb == "preview" else {},
        }
        self.start()
        try:
            return self._converse(task, report)
        except BaseException as error:
            if not isinstance(error, SlipwayError):  # ctrl-C among others: whatever runs there ends too
                self.close()
            raise

    def _converse(self, task: Mapping[str, Any], report: Report) -> StackResult:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise SlipwayError("the engine's worker is not running", hint=f"less {self._log}")
        process.stdin.write(json.dumps(task) + "\n")
        process.stdin.flush()
        for line in process.stdout:
            event = json.loads(line)
            if "report" in event:
                report(event["report"], done=event["done"])
            elif "result" in event:
                return _result(event["result"])
            else:
                raise _error(event["error"], self._log)
        raise SlipwayError(f"the engine's worker ended in the middle of `{task['verb']}`", hint=f"less {self._log}")


def _environment() -> dict[str, str]:
    """The SDK is large: compiled on every start it costs seconds: its bytecode is kept in any case."""
    if not sys.dont_write_bytecode:
        return dict(os.environ)
    kept = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(cache_dir() / "bytecode")}
    return {**os.environ, **kept}


def _result(content: dict[str, Any]) -> StackResult:
    objects = tuple(ObjectResult(**{**item, "action": Action(item["action"])}) for item in content["objects"])
    fields = {key: value for key, value in content.items() if key != "counts"}
    return StackResult(**{**fields, "objects": objects})


def _error(content: Mapping[str, Any], log: Path) -> SlipwayError:
    return SlipwayError(
        content["message"],
        hint=content.get("hint") or f"less {log}",
        code=Exit(content.get("code", Exit.FAILED)),
        details=tuple(content.get("details", ())),
    )
