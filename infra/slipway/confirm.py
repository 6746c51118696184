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
    _ask(f"{verb} {_target(session)}", yes=session.options.yes)


def confirm_loss(session: Session) -> None:
    """Ask before data is deleted, unless `--yes`; our own cluster too."""
    what = session.name if session.options.embedded else f"Slipway's objects from {_target(session)}"
    _ask(f"delete {what} with {'its' if session.options.embedded else 'their'} data", yes=session.options.yes)


def confirm_replacing(session: Session, *, what: str, by: str) -> None:
    """Ask before data is replaced, unless `--yes`; our own cluster too."""
    _ask(f"replace {what} of {session.name} by {by}", yes=session.options.yes)


def _target(session: Session) -> str:
    server = session.cluster.info().server or "an unknown server"
    return f"{session.options.cluster} ({server}), environment {session.options.environment}"


def _ask(what: str, *, yes: bool) -> None:
    console = Console(stderr=True, emoji=False)
    if yes:
        console.print(f"{what}: confirmed by --yes", highlight=False)
        return
    if not sys.stdin.isatty():
        raise SlipwayError(f"{what}: not confirmed", hint="add --yes (make: YES=1)", code=Exit.BAD_INPUT)
    if not Confirm.ask(what[0].upper() + what[1:], console=console, default=False):
        raise SlipwayError(f"{what}: declined; nothing was changed", code=Exit.BAD_INPUT)
