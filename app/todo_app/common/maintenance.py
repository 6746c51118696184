"""Chores that run by the clock: each app registers its own, the command `maintenance` runs them all."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import close_old_connections

log = structlog.get_logger("maintenance")
# `chore(now=…)` does one bounded amount of work in transactions of its own and returns how many rows it changed
Chore = Callable[..., int]
_CHORES: dict[str, Chore] = {}


@dataclass(frozen=True, kw_only=True)
class Done:
    """What one run did: rows by chore, and the chores that failed with their errors."""

    rows: dict[str, int]
    failed: dict[str, str]


def chore_register(*, name: str, chore: Chore) -> None:
    """Called in AppConfig.ready(). A second registration of a name replaces the first."""
    _CHORES[name] = chore


def chores() -> list[str]:
    """The names, in the order in which they run."""
    return sorted(_CHORES)


def chores_run(*, now: datetime, only: str = "") -> Done:
    """Run every chore, or one. A chore that fails does not keep the others from running."""
    done = Done(rows={}, failed={})
    for name in [only] if only else chores():
        close_old_connections()  # a chore may take longer than its login lives on, the next begins with today's
        try:
            done.rows[name] = _CHORES[name](now=now)
        except Exception as error:
            log.exception("chore failed", chore=name)
            done.failed[name] = f"{type(error).__name__}: {error}".partition("\n")[0]
        else:
            log.info("chore done", chore=name, rows=done.rows[name])
    return done
