"""The relay as a process: its loop, its health, its end."""

import threading
import time
from dataclasses import dataclass, field
from random import Random

import structlog
from django.db import DatabaseError, close_old_connections, connection
from django.utils import timezone

from todo_app.outbox.metrics import DEAD, LAG, LEASE
from todo_app.outbox.relay import Outcome, Relay, pause_after
from todo_app.outbox.selectors import backlog

log = structlog.get_logger("relay")
POLL = 0.5  # seconds between two looks at an empty outbox
STANDBY = 3.0  # seconds between two tries to get the lease
DOWN_TRIES_MOST = 6  # pauses stop growing at 32 s
FIGURES = 5.0  # seconds between two measurements of the backlog
SILENT = 60.0  # seconds without a turn of the loop after which the process counts as hung
PROGRESS = 90.0  # seconds without a successful look at the database after which it is unready


@dataclass(kw_only=True)
class Health:
    """Two clocks. Liveness asks the first, which no dependency can stop; readiness asks the second."""

    turned: float = field(default_factory=time.monotonic)
    worked: float = float("-inf")

    def alive(self) -> bool:
        """The loop turns."""
        return time.monotonic() - self.turned < SILENT

    def ready(self) -> bool:
        """The database answered lately."""
        return time.monotonic() - self.worked < PROGRESS


@dataclass(kw_only=True)
class Process:
    """Runs a relay until `stop` is set; the batch in hand is finished and recorded first."""

    relay: Relay
    stop: threading.Event = field(default_factory=threading.Event)
    health: Health = field(default_factory=Health)
    random: Random = field(default_factory=Random)
    _failures: int = 0
    _measured: float = float("-inf")

    def run(self) -> None:
        """Until `stop`."""
        while not self.stop.is_set():
            close_old_connections()  # back to the pool, which keeps those of today's login only
            pause = self._turn()
            self.health.turned = time.monotonic()
            if pause:
                self.stop.wait(pause)
        try:
            self.relay.lease.release()
        except DatabaseError as error:
            log.warning("lease not released, it expires", error=str(error).partition("\n")[0])
        LEASE.set(0)
        self.relay.publisher.close()
        log.info("stopped")

    def _turn(self) -> float:
        """One batch; returns the seconds to wait before the next."""
        try:
            self._measure()
            outcome = self.relay.step(now=timezone.now())
        except DatabaseError as error:
            log.warning("database is away", error=str(error).partition("\n")[0])
            connection.close()
            return self._after_failure()
        self.health.worked = time.monotonic()
        if outcome is Outcome.DOWN:
            return self._after_failure()
        self._failures = 0
        return {Outcome.PUBLISHED: 0.0, Outcome.IDLE: POLL, Outcome.STANDBY: STANDBY}[outcome]

    def _after_failure(self) -> float:
        self._failures = min(self._failures + 1, DOWN_TRIES_MOST)
        return pause_after(self._failures, random=self.random)

    def _measure(self) -> None:
        if time.monotonic() - self._measured < FIGURES:
            return
        figures = backlog(now=timezone.now())
        LAG.set(figures.lag)
        DEAD.set(figures.dead)
        self._measured = time.monotonic()
