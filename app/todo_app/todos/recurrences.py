"""Writing recurrences. Each function is an outermost transaction, as in `services`."""

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from todo_app.accounts.models import User
from todo_app.common.idempotency import outcome_keep
from todo_app.moderation.services import refusals_recorded
from todo_app.todos.models import Priority, Recurrence
from todo_app.todos.rrule import Rule
from todo_app.todos.services import TodoNotFound, VersionConflict

RECURRENCES_MAX = 200  # of one owner; with 24 a day each they still run in seconds
TIMING = ("rule", "time_zone", "starts_on")


class RecurrencesFull(Exception):
    """The owner has RECURRENCES_MAX recurrences."""


def recurrence_create(
    *,
    owner: User,
    title: str,
    rule: Rule,
    time_zone: str,
    starts_on: datetime,
    description: str = "",
    tags: Sequence[str] = (),
    priority: int = Priority.NORMAL,
    now: datetime,
) -> Recurrence:
    """Create a recurrence; its first todo comes with its first occurrence after now.

    Raises TextRefused after the violation is recorded, RuleNeverOccurs, StartOutOfRange, RecurrencesFull.
    """
    row = Recurrence(owner=owner, title=title, description=description, tag_names=list(tags), priority=priority)
    row.rule, row.time_zone, row.starts_on, row.created_on, row.updated_on = rule, time_zone, starts_on, now, now
    row.schedule(now)
    with refusals_recorded(user=owner, now=now), transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=owner.pk)  # two requests must not both see one place left
        if Recurrence.objects.filter(owner=owner).count() >= RECURRENCES_MAX:
            raise RecurrencesFull
        row.save(force_insert=True)
        outcome_keep(row)
    return row


def recurrence_update(
    *, owner: User, key: uuid.UUID, fields: Mapping[str, Any], versions: Collection[int] | None, now: datetime
) -> Recurrence:
    """Change what `fields` names. A change of rule, zone or start counts from now on.

    Raises TodoNotFound, VersionConflict, TextRefused, RuleNeverOccurs, StartOutOfRange, RecurrenceUnusable.
    """

    def change(row: Recurrence) -> None:
        for name, value in fields.items():
            setattr(row, name, value)
        if set(TIMING) & set(row.changed_fields):
            row.schedule(now)

    return _changed(owner=owner, key=key, versions=versions, now=now, change=change)


def recurrence_pause(
    *, owner: User, key: uuid.UUID, versions: Collection[int] | None = None, now: datetime
) -> Recurrence:
    """Make no todos until it is resumed; a paused one stays as it is."""

    def change(row: Recurrence) -> None:
        if row.paused_on is None:
            row.paused_on, row.pause_reason = now, "by its owner"

    return _changed(owner=owner, key=key, versions=versions, now=now, change=change)


def recurrence_resume(
    *, owner: User, key: uuid.UUID, versions: Collection[int] | None = None, now: datetime
) -> Recurrence:
    """Go on with the next occurrence; those of the pause are not made up for. Raises RecurrenceUnusable."""

    def change(row: Recurrence) -> None:
        row.judge()
        if row.paused_on is not None:
            row.paused_on, row.pause_reason = None, ""
            row.next_on = next(iter(row.after(now)), None)

    return _changed(owner=owner, key=key, versions=versions, now=now, change=change)


def recurrence_delete(*, owner: User, key: uuid.UUID, versions: Collection[int] | None = None) -> None:
    """Delete with its ledger; the todos stay. Raises TodoNotFound, VersionConflict."""
    with transaction.atomic():
        _locked(owner=owner, key=key, versions=versions).delete()


def _changed(
    *,
    owner: User,
    key: uuid.UUID,
    versions: Collection[int] | None,
    now: datetime,
    change: Callable[[Recurrence], None],
) -> Recurrence:
    with refusals_recorded(user=owner, now=now), transaction.atomic():
        row = _locked(owner=owner, key=key, versions=versions)
        change(row)
        if row.changed_fields:
            row.updated_on = now
            row.save()
        outcome_keep(row)
    return row


def _locked(*, owner: User, key: uuid.UUID, versions: Collection[int] | None) -> Recurrence:
    row = Recurrence.objects.select_for_update().filter(pk=key, owner=owner).first()
    if row is None:
        raise TodoNotFound
    if versions is not None and row.version not in versions:
        raise VersionConflict(current=row.version)
    row.owner = owner  # carries the request's word-list version
    return row
