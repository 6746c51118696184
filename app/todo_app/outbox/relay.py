"""From the outbox to a publisher: at least once, in order for each key.

An event is marked after it is published, so a crash in between publishes it again: consumers keep an inbox of ids. A
refused event is tried again with growing pauses and is dead after `tries`; later events of its key are held until an
operator replays or discards it (`manage.py outbox`), because a consumer that got them would have skipped a change.
A publisher that is down costs no event a try.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from random import Random

import structlog
from django.db import transaction

from todo_app.outbox.envelope import message
from todo_app.outbox.lease import RelayLease
from todo_app.outbox.metrics import DOWN, FAILED, LEASE, PUBLISHED
from todo_app.outbox.models import Event
from todo_app.outbox.publishers.base import EpochStale, Publisher, PublisherDown, Receipt
from todo_app.outbox.selectors import events_next

log = structlog.get_logger("relay")
PAUSE_FIRST, PAUSE_MOST = 1.0, 300.0  # seconds before the second try, and at most


class Outcome(Enum):
    """What one step did."""

    PUBLISHED = "published"  # and there may be more
    IDLE = "idle"
    STANDBY = "standby"  # another relay has the lease
    DOWN = "down"


def pause_after(tries: int, *, random: Random) -> float:
    """Seconds to wait after that many failures: doubling, between half and all of it by chance (jitter)."""
    longest: float = min(PAUSE_MOST, PAUSE_FIRST * 2 ** min(tries - 1, 20))
    return longest * random.uniform(0.5, 1.0)


@dataclass(kw_only=True)
class Relay:
    """One relay; `step` does one batch."""

    publisher: Publisher
    lease: RelayLease
    batch: int = 100
    tries: int = 10
    random: Random = field(default_factory=Random)

    def step(self, *, now: datetime) -> Outcome:
        """Publish one batch. Raises DatabaseError when the database is away; nothing is lost by it."""
        held = self.lease.take()
        LEASE.set(held)
        if not held:
            return Outcome.STANDBY
        events = events_next(limit=self.batch, now=now)
        if not events or not self.lease.sure():
            return Outcome.IDLE
        try:
            receipt = self.publisher.publish([message(event) for event in events], epoch=self.lease.epoch)
        except PublisherDown as error:
            DOWN.inc()
            log.warning("publisher is down", error=str(error))
            return Outcome.DOWN
        except EpochStale as error:
            log.warning("lease was lost", error=str(error))
            self.lease.lost()
            return Outcome.STANDBY
        self._record(events, receipt, now=now)
        return Outcome.PUBLISHED

    def _record(self, events: list[Event], receipt: Receipt, *, now: datetime) -> None:
        published = set(receipt.published)
        with transaction.atomic():
            Event.objects.filter(pk__in=published, published_on__isnull=True).update(
                published_on=now, dead_on=None, next_try_on=None
            )
            for event in events:
                if event.pk in receipt.refused:
                    self._refused(event, receipt.refused[event.pk], now=now)
        for event in events:
            if event.pk in published:
                PUBLISHED.labels(event.type).inc()

    def _refused(self, event: Event, error: str, *, now: datetime) -> None:
        attempts = event.attempts + 1
        dead = attempts >= self.tries
        pause = timedelta(seconds=pause_after(attempts, random=self.random))
        Event.objects.filter(pk=event.pk, published_on__isnull=True).update(
            attempts=attempts,
            error=error[:500],
            next_try_on=None if dead else now + pause,
            dead_on=now if dead else None,
        )
        FAILED.labels(event.type).inc()
        log.warning("event refused", id=str(event.pk), type=event.type, attempts=attempts, dead=dead, error=error)
