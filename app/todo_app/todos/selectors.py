"""Reading todos."""

import uuid
from typing import Any

from django.db.models import QuerySet

from todo_app.accounts.models import User
from todo_app.todos.models import Todo

COLUMNS = ("id", "title", "description", "status", "started_on", "completed_on", "created_on", "updated_on", "version")


def todos_of(*, owner: User, status: str | None = None) -> QuerySet[Todo, dict[str, Any]]:
    """A user's todos as rows."""
    rows = Todo.objects.filter(owner=owner)
    columns: QuerySet[Todo, dict[str, Any]] = (rows.filter(status=status) if status else rows).values(*COLUMNS)
    return columns


def todo_of(*, owner: User, key: uuid.UUID) -> dict[str, Any] | None:
    """One of a user's todos; another's is as absent as none."""
    return todos_of(owner=owner).filter(pk=key).first()
