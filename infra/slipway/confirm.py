"""Ask before touching what Slipway did not make, and before deleting data."""

import contextlib
import sys
from pathlib import Path

import yaml
from rich.console import Console
from rich.prompt import Confirm

from infra.lib.errors import Exit, SlipwayError
from infra.lib.paths import STATE_ROOT
from infra.slipway.session import Session


def confirm_context(session: Session, *, verb: str) -> None:
    """Name the cluster of a context and ask, unless `--yes`; our own cluster needs no question."""
    if session.options.embedded:
        return
    server = session.cluster.info().server or "an unknown server"
    if server in own_servers(STATE_ROOT):
        return
    target = f"{session.options.cluster} ({server}), environment {session.options.environment}"
    _ask(f"{verb} {target}", yes=session.options.yes)


def own_servers(root: Path) -> set[str]:
    """API server addresses of the embedded instances on this machine: nothing foreign is at risk there."""
    found: set[str] = set()
    for file in root.glob("*/kubeconfig"):
        with contextlib.suppress(OSError, yaml.YAMLError, KeyError, TypeError):
            found |= {str(entry["cluster"]["server"]) for entry in yaml.safe_load(file.read_text())["clusters"]}
    return found


def confirm_loss(session: Session) -> None:
    """Ask before data is deleted, unless `--yes`."""
    _ask(f"delete {session.name} with its data", yes=session.options.yes)


def _ask(what: str, *, yes: bool) -> None:
    console = Console(stderr=True)
    if yes:
        console.print(f"{what}: confirmed by --yes", highlight=False)
        return
    if not sys.stdin.isatty():
        raise SlipwayError(f"{what}: not confirmed", hint="add --yes (make: YES=1)", code=Exit.BAD_INPUT)
    if not Confirm.ask(what[0].upper() + what[1:], console=console, default=False):
        raise SlipwayError(f"{what}: declined; nothing was changed", code=Exit.BAD_INPUT)
