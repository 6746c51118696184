"""Writing todos. Each function is an outermost transaction: within another one a refusal could not be recorded."""

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from todo_app.accounts.models import User
from todo_app.common.idempotency import outcome_keep
from todo_app.moderation.services import refusals_recorded
from todo_app.todos.models import Priority, Status, Todo

TICK = timedelta(microseconds=1)  # the least step between dates


class TodoNotFound(Exception):
    """No such todo of this user."""


class VersionConflict(Exception):
    """The todo has changed since the caller read it; `current` is its version now."""

    def __init__(self, *, current: int) -> None:
        super().__init__("version conflict")
        self.current = current


class TransitionRefused(Exception):
    """The status does not allow this action."""

    def __init__(self, *, action: str, status: str) -> None:
        super().__init__(f"cannot {action} a todo that is {status}")
        self.action, self.status = action, status


class TodoNotYours(Exception):
    """The caller is only assigned to the todo; this is for its owner."""


class AssigneeUnknown(Exception):
    """There is no such user who may act."""


def todo_create(
    *,
    owner: User,
    title: str,
    description: str = "",
    tags: Sequence[str] = (),
    priority: int = Priority.NORMAL,
    assignee_id: uuid.UUID | None = None,
    due_on: datetime | None = None,
    now: datetime,
) -> Todo:
    """Create a todo. Raises TextRefused after the violation is recorded, AssigneeUnknown, DueNotAhead."""
    todo = Todo(owner=owner, title=title, description=description, priority=priority, due_on=due_on)
    todo.tag_names, todo.created_on, todo.updated_on = list(tags), now, now
    with refusals_recorded(user=owner, now=now), transaction.atomic():
        _assign(todo, assignee_id)
        todo.save(force_insert=True)
        outcome_keep(todo)
    return todo


def todo_update(
    *, actor: User, key: uuid.UUID, fields: Mapping[str, Any], versions: Collection[int] | None, now: datetime
) -> Todo:
    """Change what `fields` names: title, description, tag_names, priority, assignee_id, due_on.

    `version` is what the caller read; None skips the comparison. Only for the owner.
    Raises TodoNotFound, TodoNotYours, VersionConflict, TextRefused, AssigneeUnknown, DueNotAhead.
    """

    def change(todo: Todo) -> None:
        for name, value in fields.items():
            if name == "assignee_id":
                _assign(todo, value)
            else:
                setattr(todo, name, value)

    return _changed(actor=actor, key=key, versions=versions, now=now, change=change)


def todo_start(*, actor: User, key: uuid.UUID, versions: Collection[int] | None = None, now: datetime) -> Todo:
    """open → in_progress, also by the assignee."""

    def change(todo: Todo) -> None:
        _require(todo, "start", Status.OPEN)
        todo.status, todo.started_on = Status.IN_PROGRESS, max(now, todo.created_on)

    return _changed(actor=actor, key=key, versions=versions, now=now, change=change, step=True)


def todo_complete(*, actor: User, key: uuid.UUID, versions: Collection[int] | None = None, now: datetime) -> Todo:
    """open or in_progress → done; one never started counts as started when it was created. Also by the assignee."""

    def change(todo: Todo) -> None:
        _require(todo, "complete", Status.OPEN, Status.IN_PROGRESS)
        todo.status, todo.started_on = Status.DONE, todo.started_on or todo.created_on
        todo.completed_on = max(now, todo.started_on + TICK, todo.created_on + TICK)

    return _changed(actor=actor, key=key, versions=versions, now=now, change=change, step=True)


def todo_reopen(*, actor: User, key: uuid.UUID, versions: Collection[int] | None = None, now: datetime) -> Todo:
    """Anything → open, without dates."""

    def change(todo: Todo) -> None:
        _require(todo, "reopen", Status.IN_PROGRESS, Status.DONE, Status.CANCELLED)
        todo.status, todo.started_on, todo.completed_on = Status.OPEN, None, None

    return _changed(actor=actor, key=key, versions=versions, now=now, change=change)


def todo_cancel(*, actor: User, key: uuid.UUID, versions: Collection[int] | None = None, now: datetime) -> Todo:
    """open or in_progress → cancelled."""

    def change(todo: Todo) -> None:
        _require(todo, "cancel", Status.OPEN, Status.IN_PROGRESS)
        todo.status = Status.CANCELLED

    return _changed(actor=actor, key=key, versions=versions, now=now, change=change)


def todo_delete(*, actor: User, key: uuid.UUID, versions: Collection[int] | None = None) -> None:
    """Delete for good. Raises TodoNotFound, TodoNotYours, VersionConflict."""
    with transaction.atomic():
        _locked(actor=actor, key=key, versions=versions).delete()


def _changed(
    *,
    actor: User,
    key: uuid.UUID,
    versions: Collection[int] | None,
    now: datetime,
    change: Callable[[Todo], None],
    step: bool = False,
) -> Todo:
    with refusals_recorded(user=actor, now=now), transaction.atomic():
        todo = _locked(actor=actor, key=key, versions=versions, step=step)
        change(todo)
        if todo.changed_fields:
            # `now` is from before the wait for the lock: whoever had it may have written a later one
            todo.updated_on = max(now, todo.updated_on + TICK)
            todo.save()
        outcome_keep(todo)
    return todo


def _locked(*, actor: User, key: uuid.UUID, versions: Collection[int] | None, step: bool = False) -> Todo:
    """The todo, if the actor may do this: the owner everything, the assignee a step, nobody else knows of it."""
    todo = Todo.objects.visible_to(actor).select_for_update().filter(pk=key).first()
    if todo is None:
        raise TodoNotFound
    if todo.owner_id == actor.pk:
        todo.owner = actor  # carries the request's word-list version
    elif not step:
        raise TodoNotYours
    if versions is not None and todo.version not in versions:
        raise VersionConflict(current=todo.version)
    return todo


def _assign(todo: Todo, key: uuid.UUID | None) -> None:
    """A banned user is as unknown as none, so that bans do not show."""
    if key is not None and key != todo.owner_id and not User.objects.filter(pk=key, is_banned=False).exists():
        raise AssigneeUnknown
    todo.assignee_id = key


def _require(todo: Todo, action: str, *allowed: Status) -> None:
    if todo.status not in allowed:
        raise TransitionRefused(action=action, status=todo.status)
