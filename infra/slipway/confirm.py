"""Ask before touching what Slipway did not make, and before deleting data."""

import sys

from rich.console import Console
from rich.prompt import Confirm

from infra.lib.errors import Exit, SlipwayError
from infra.slipway.session import Session


def confirm_context(session: Session, *, verb: str) -> None:
    """Name the cluster of a context and ask, unless `--yes`; our own cluster needs no question."""
    if session.ours:
        return
    server = session.cluster.info().server or "an unknown server"
    target = f"{session.options.cluster} ({server}), environment {session.options.environment}"
    _ask(f"{verb} {target}", yes=session.options.yes)


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
