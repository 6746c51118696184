"""Writing todos. Each function is an outermost transaction: within another one a refusal could not be recorded."""

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime

from django.db import transaction

from todo_app.accounts.models import User
from todo_app.moderation.services import refusals_recorded
from todo_app.todos.models import Status, Todo


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


def todo_create(*, owner: User, title: str, description: str = "", now: datetime) -> Todo:
    """Create a todo. Raises TextRefused after the violation is recorded."""
    todo = Todo(owner=owner, title=title, description=description, created_on=now, updated_on=now)
    with refusals_recorded(user=owner, now=now):
        todo.save(force_insert=True)
    return todo


def todo_update(*, owner: User, key: uuid.UUID, fields: Mapping[str, str], version: int | None, now: datetime) -> Todo:
    """Change title or description. `version` is what the caller read; None skips the comparison.

    Raises TodoNotFound, VersionConflict, TextRefused.
    """

    def change(todo: Todo) -> None:
        for name, value in fields.items():
            setattr(todo, name, value)

    return _changed(owner=owner, key=key, version=version, now=now, change=change)


def todo_start(*, owner: User, key: uuid.UUID, version: int | None = None, now: datetime) -> Todo:
    """open → in_progress."""

    def change(todo: Todo) -> None:
        _require(todo, "start", Status.OPEN)
        todo.status, todo.started_on = Status.IN_PROGRESS, now

    return _changed(owner=owner, key=key, version=version, now=now, change=change)


def todo_complete(*, owner: User, key: uuid.UUID, version: int | None = None, now: datetime) -> Todo:
    """open or in_progress → done; one never started counts as started when it was created."""

    def change(todo: Todo) -> None:
        _require(todo, "complete", Status.OPEN, Status.IN_PROGRESS)
        todo.status, todo.completed_on = Status.DONE, now
        todo.started_on = todo.started_on or todo.created_on

    return _changed(owner=owner, key=key, version=version, now=now, change=change)


def todo_reopen(*, owner: User, key: uuid.UUID, version: int | None = None, now: datetime) -> Todo:
    """Anything → open, without dates."""

    def change(todo: Todo) -> None:
        _require(todo, "reopen", Status.IN_PROGRESS, Status.DONE, Status.CANCELLED)
        todo.status, todo.started_on, todo.completed_on = Status.OPEN, None, None

    return _changed(owner=owner, key=key, version=version, now=now, change=change)


def todo_cancel(*, owner: User, key: uuid.UUID, version: int | None = None, now: datetime) -> Todo:
    """open or in_progress → cancelled."""

    def change(todo: Todo) -> None:
        _require(todo, "cancel", Status.OPEN, Status.IN_PROGRESS)
        todo.status = Status.CANCELLED

    return _changed(owner=owner, key=key, version=version, now=now, change=change)


def todo_delete(*, owner: User, key: uuid.UUID, version: int | None = None) -> None:
    """Delete for good. Raises TodoNotFound, VersionConflict."""
    with transaction.atomic():
        _locked(owner=owner, key=key, version=version).delete()


def _changed(
    *, owner: User, key: uuid.UUID, version: int | None, now: datetime, change: Callable[[Todo], None]
) -> Todo:
    with refusals_recorded(user=owner, now=now), transaction.atomic():
        todo = _locked(owner=owner, key=key, version=version)
        change(todo)
        if todo.changed_fields:
            todo.updated_on = now
            todo.save()
    return todo


def _locked(*, owner: User, key: uuid.UUID, version: int | None) -> Todo:
    todo = Todo.objects.select_for_update().filter(pk=key, owner=owner).first()
    if todo is None:
        raise TodoNotFound
    if version is not None and version != todo.version:
        raise VersionConflict(current=todo.version)
    todo.owner = owner  # carries the request's word-list version
    return todo


def _require(todo: Todo, action: str, *allowed: Status) -> None:
    if todo.status not in allowed:
        raise TransitionRefused(action=action, status=todo.status)
