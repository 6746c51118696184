"""Making the todos of recurrences whose time has come. Any number of these may run at once."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfoNotFoundError

import structlog
from django.db import InterfaceError, OperationalError, close_old_connections, transaction

from todo_app.accounts.models import User
from todo_app.moderation.checks import TextRefused
from todo_app.todos.models import Firing, Recurrence, Todo

log = structlog.get_logger("recurrences")
CATCH_UP = timedelta(days=7)  # what is older after a downtime is counted as skipped, not made
BATCH = 50  # todos of one transaction


@dataclass
class Ran:
    """What one run did."""

    created: int = 0
    skipped: int = 0
    paused: int = 0


class Unusable(Exception):
    """A recurrence that cannot run: it is paused with the reason."""

    def __init__(self, *, key: uuid.UUID, reason: str) -> None:
        super().__init__(reason)
        self.key, self.reason = key, reason


def recurrences_run(*, now: datetime, limit: int = 10_000) -> Ran:
    """Make what is due, at most about `limit` todos; the rest waits for the next run."""
    ran = Ran()
    while ran.created < limit:
        close_old_connections()  # the next transaction begins with today's login
        try:
            with transaction.atomic():
                done = _next(now)
        except Unusable as error:
            ran.paused += _pause(error.key, reason=error.reason, now=now)
            continue
        if done is None:
            break
        ran.created += done.created
        ran.skipped += done.skipped
    log.info("recurrences run", **vars(ran))
    return ran


def _next(now: datetime) -> Ran | None:
    """One recurrence, at most BATCH of its occurrences; None when nothing is due that nobody else has."""
    row = Recurrence.objects.due(now).select_for_update(skip_locked=True).first()
    if row is None or row.next_on is None:
        return None
    # a ban waits for this transaction or is seen by it
    row.owner = User.objects.select_for_update(no_key=True).get(pk=row.owner_id)
    try:
        return _occurrences(row, row.next_on, now)
    except TextRefused as refused:
        raise Unusable(key=row.pk, reason=f"banned words: {', '.join(refused.refusal.words)}") from refused
    except ZoneInfoNotFoundError:
        raise Unusable(key=row.pk, reason=f"unknown time zone: {row.time_zone}") from None
    except (OperationalError, InterfaceError):  # the database's trouble, not this one's
        raise
    except Exception as error:  # whatever is wrong with one must not stop the others
        log.exception("recurrence unusable", recurrence=str(row.pk))
        raise Unusable(key=row.pk, reason=f"it could not be run: {type(error).__name__}") from error


def _occurrences(row: Recurrence, first: datetime, now: datetime) -> Ran:
    ran, row.next_on = Ran(), None
    made = set(Firing.objects.filter(recurrence=row, occurs_on__gte=first).values_list("occurs_on", flat=True))
    for moment in row.after(first - timedelta(microseconds=1)):
        if moment > now or ran.created == BATCH:
            row.next_on = moment
            break
        if row.owner.is_banned or moment < now - CATCH_UP:
            ran.skipped += 1
        elif moment not in made:  # made before when the rule was changed and changed back
            _fire(row, moment, now)
            ran.created += 1
    row.skipped_count += ran.skipped
    row.updated_on = now
    row.save()
    return ran


def _fire(row: Recurrence, moment: datetime, now: datetime) -> None:
    todo = Todo(owner=row.owner, title=row.title, description=row.description, priority=row.priority)
    todo.tag_names, todo.created_on, todo.updated_on = list(row.tag_names), now, now
    todo.save(force_insert=True)
    Firing(recurrence=row, occurs_on=moment, todo_id=todo.pk, created_on=now).save(force_insert=True)


def _pause(key: uuid.UUID, *, reason: str, now: datetime) -> int:
    """In a transaction of its own, for the one that met the reason is undone. Nobody is counted a violation:

    the text was clean when its owner wrote it.
    """
    with transaction.atomic():
        row = Recurrence.objects.select_for_update().filter(pk=key, paused_on__isnull=True).first()
        if row is None:
            return 0
        row.paused_on, row.pause_reason, row.updated_on = now, reason[:200], now
        row.save()
    return 1
