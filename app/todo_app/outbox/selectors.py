"""What is to be published, and how far behind we are."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, Q

from todo_app.outbox.models import Event

# An event waits while an earlier one of its key is dead or has its next try ahead: order per key comes first.
_NEXT = """
    SELECT e.id, e.created_on, e.type, e.key, e.payload, e.position, e.attempts
    FROM outbox_event e
    WHERE e.published_on IS NULL AND e.dead_on IS NULL AND (e.next_try_on IS NULL OR e.next_try_on <= %(now)s)
      AND NOT EXISTS (
        SELECT FROM outbox_event b
        WHERE b.key = e.key AND b.published_on IS NULL AND b.position < e.position
          AND (b.dead_on IS NOT NULL OR b.next_try_on > %(now)s)
      )
    ORDER BY e.position LIMIT %(limit)s
"""


def events_next(*, limit: int, now: datetime) -> list[Event]:
    """The oldest events that may be published now, earlier ones of each key first."""
    return list(Event.objects.raw(_NEXT, {"now": now, "limit": limit}))


@dataclass(frozen=True, kw_only=True)
class Backlog:
    """`lag` is the age in seconds of the oldest event that is neither published nor dead, 0.0 without one."""

    lag: float
    dead: int


def backlog(*, now: datetime) -> Backlog:
    """How far behind the relay is."""
    oldest = Event.objects.filter(published_on__isnull=True, dead_on__isnull=True).aggregate(Min("created_on"))
    dead = Event.objects.filter(dead_on__isnull=False).aggregate(Count("pk"))["pk__count"]
    first: datetime | None = oldest["created_on__min"]
    return Backlog(lag=max(0.0, (now - first).total_seconds()) if first else 0.0, dead=dead)


@dataclass(frozen=True, kw_only=True)
class DeadEvent:
    """A dead event and how many later events of its key wait for it."""

    event: Event
    held: int


def events_dead(*, limit: int = 100) -> list[DeadEvent]:
    """Dead events, the oldest first."""
    found = list(Event.objects.filter(dead_on__isnull=False).order_by("dead_on", "position")[:limit])
    keys = {event.key for event in found}
    waiting = Q(published_on__isnull=True, dead_on__isnull=True, key__in=keys)
    held = dict(Event.objects.filter(waiting).values_list("key").annotate(Count("pk")))
    return [DeadEvent(event=event, held=held.get(event.key, 0)) for event in found]
