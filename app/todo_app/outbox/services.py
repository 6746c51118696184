"""Appending events; what an operator does with dead ones; deleting old ones."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, transaction

from todo_app.common.expired import delete_in_batches
from todo_app.common.inserts import inserted
from todo_app.common.models import BaseModel
from todo_app.outbox.models import Event


class EventNotDead(Exception):
    """The named event does not exist or is not dead."""


def event_append(*, type: str, key: str, payload: Mapping[str, object], now: datetime) -> None:  # noqa: A002 - CloudEvents calls it type
    """Append one event to the current transaction, which holds the lock of the row that `key` names.

    A type needs a schema: `<app>/events.py`, then `manage.py events`.
    """
    event = Event(type=type, key=key, payload=dict(payload), created_on=now)
    # nobody listens to an event's own signals, so nothing of save() is missed, and every write has an event
    if not inserted(event, using=DEFAULT_DB_ALIAS, fields=Event._meta.local_concrete_fields):  # noqa: SLF001 - _meta is Django's documented API
        event.save(force_insert=True)


def events_append(*, events: Iterable[tuple[str, str, Mapping[str, object]]], now: datetime) -> None:
    """Append many events, each of type, key and payload, in one statement for each thousand."""
    rows = [Event(type=kind, key=key, payload=dict(payload), created_on=now) for kind, key, payload in events]
    Event.objects.bulk_create(rows, batch_size=1000)


def entity_event_append(
    *, instance: BaseModel, action: str, changed: Sequence[str], now: datetime, **_signal: object
) -> None:
    """`<entity>.created|updated|deleted` with the names of the changed columns, never their values."""
    entity = type(instance).__name__.lower()
    key = str(instance.pk)
    event_append(type=f"{entity}.{action}", key=key, payload={"id": key, "changed": sorted(changed)}, now=now)


@transaction.atomic
def events_replay(*, keys: Sequence[uuid.UUID] | None) -> int:
    """Give dead events, all or the named ones, new tries. Returns how many. Raises EventNotDead."""
    dead = Event.objects.select_for_update().filter(dead_on__isnull=False)
    rows = [row.pk for row in (dead if keys is None else dead.filter(pk__in=keys))]
    _all_found(rows, keys)
    return Event.objects.filter(pk__in=rows).update(dead_on=None, attempts=0, next_try_on=None)


@transaction.atomic
def events_discard(*, keys: Sequence[uuid.UUID]) -> int:
    """Give dead events up for good, which releases the later ones of their keys. Raises EventNotDead."""
    rows = [row.pk for row in Event.objects.select_for_update().filter(dead_on__isnull=False, pk__in=keys)]
    _all_found(rows, keys)
    return Event.objects.filter(pk__in=rows).delete()[0]


def _all_found(rows: list[uuid.UUID], keys: Sequence[uuid.UUID] | None) -> None:
    if missing := sorted(set(keys or ()) - set(rows)):
        raise EventNotDead(f"no dead event has the id {missing[0]}; `outbox dead` lists them")


def events_expire(*, now: datetime) -> int:
    """Delete events published more than TODO_OUTBOX_DAYS ago, in batches. Dead and waiting ones stay."""
    before = now - timedelta(days=settings.ENV.outbox_days)
    return delete_in_batches(Event.objects.filter(published_on__lt=before))
