"""`logs`: of a component of the node, of a step of `up`, or of a workload."""

import os
import shutil
import sys
from pathlib import Path

from infra.lib.errors import Exit, SlipwayError
from infra.lib.process import tail
from infra.slipway import kube, kubectl, workloads
from infra.slipway.session import Session


def run(session: Session, *, what: str, follow: bool, lines: int) -> None:
    """A file of the instance's logs when there is one of that name, the pods' output otherwise."""
    if file := component_file(session, what):
        _show(file, follow=follow, lines=lines)
        return
    if not session.cluster.running():
        raise SlipwayError(
            f"no log is called {what} and no cluster runs for {session.name}",
            details=(f"logs of components and steps: {', '.join(names(session)) or 'none yet'}",),
            hint="make up",
            code=Exit.NOT_RUNNING,
        )
    workload = workloads.find(kube.client(session), what)
    arguments = ["logs", "--namespace", workload.namespace, str(workload), "--all-containers", f"--tail={lines}"]
    kubectl.replace(session, *arguments, *(["--follow"] if follow else []))


def component_file(session: Session, what: str) -> Path | None:
    """The log file of that component or step; a name never leaves the folder."""
    return next((file for file in _files(session) if file.stem == what), None)


def names(session: Session) -> list[str]:
    """What has a log file."""
    return sorted(file.stem for file in _files(session))


def _files(session: Session) -> list[Path]:
    own = session.cluster.info().logs
    folders = {session.logs, *([own] if own else [])}
    return [file for folder in folders if folder.is_dir() for file in folder.glob("*.log")]


def _show(file: Path, *, follow: bool, lines: int) -> None:
    if follow and (program := shutil.which("tail")):
        os.execv(program, [program, f"--lines={lines}", "--follow=name", "--retry", str(file)])  # noqa: S606 - no shell
    sys.stdout.writelines(f"{line}\n" for line in tail(file, lines))
