"""Reading todos."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import islice
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from todo_app.accounts.models import User
from todo_app.common.compiled import Compiled
from todo_app.common.paging import Order
from todo_app.todos.models import Recurrence, Tag, Todo, TodoTag
from todo_app.todos.models.todo import overdue
from todo_app.todos.rrule import fault

COLUMNS = (
    "id",
    "owner_id",
    "assignee_id",
    "title",
    "description",
    "status",
    "priority",
    "tag_names",
    "due_on",
    "started_on",
    "completed_on",
    "created_on",
    "updated_on",
    "version",
)
ORDERS = {
    "created": Order("created", "created_on"),
    "due": Order("due", "due_on"),
    "-due": Order("-due", "due_on", descending=True),
    "priority": Order("priority", "priority", kind=int),
    "-priority": Order("-priority", "priority", descending=True, kind=int),
    "updated": Order("updated", "updated_on"),
    "-updated": Order("-updated", "updated_on", descending=True),
}  # anything else is newest first, which the key alone gives


@dataclass(frozen=True, kw_only=True)
class TodoFilter:
    """Which of the todos a user may read; None is no condition."""

    scope: str = "owned"  # owned, assigned, all
    status: str | None = None
    priority: int | None = None
    tags: tuple[str, ...] = ()  # any of them
    assignee: uuid.UUID | None = None
    due_before: datetime | None = None
    due_after: datetime | None = None
    overdue: bool | None = None
    text: str | None = None

    def condition(self, now: datetime) -> Q:
        """The conditions of one todo."""
        given = {
            "status": self.status,
            "priority": self.priority,
            "assignee": self.assignee,
            "due_on__lt": self.due_before,
            "due_on__gte": self.due_after,
        }
        found = Q(**{name: value for name, value in given.items() if value is not None})
        if self.tags:
            found &= Q(Exists(TodoTag.objects.filter(todo=OuterRef("pk"), tag__name__in=self.tags)))
        if self.overdue is not None:
            found &= overdue(now) if self.overdue else ~overdue(now)
        if self.text:
            tagged = TodoTag.objects.filter(todo=OuterRef("pk"), tag__name__icontains=self.text)
            found &= Q(title__icontains=self.text) | Q(description__icontains=self.text) | Q(Exists(tagged))
        return found


NO_FILTER = TodoFilter()


def todos_of(*, owner: User, status: str | None = None) -> QuerySet[Todo, dict[str, Any]]:
    """A user's own todos as rows."""
    rows = Todo.objects.owned_by(owner)
    columns: QuerySet[Todo, dict[str, Any]] = (rows.in_status(status) if status else rows).values(*COLUMNS)
    return columns


def todos_found(*, user: User, wanted: TodoFilter = NO_FILTER, now: datetime) -> QuerySet[Todo, dict[str, Any]]:
    """What a user may read and asks for, as rows."""
    if wanted == NO_FILTER:
        return todos_of(owner=user)
    scopes = {"assigned": Todo.objects.assigned_to, "all": Todo.objects.visible_to}
    rows = scopes.get(wanted.scope, Todo.objects.owned_by)(user).filter(wanted.condition(now))
    columns: QuerySet[Todo, dict[str, Any]] = rows.values(*COLUMNS)
    return columns


def todos_newest(owner: User, before: uuid.UUID | None, limit: int) -> list[dict[str, Any]]:
    """As `todos_of`, newest first: the page that is asked for most, by SQL compiled once."""
    values: dict[str, Any] = {"owner": owner.pk} if before is None else {"owner": owner.pk, "before": before}
    return [dict(zip(COLUMNS, row, strict=True)) for row in _newest(limit, *sorted(values)).rows(**values)]


@cache
def _newest(limit: int, *names: str) -> Compiled:
    """One query for each size of page; a size is at most 101."""

    def build(owner: uuid.UUID, before: uuid.UUID | None = None) -> "QuerySet[Todo, Any]":
        rows = Todo.objects.filter(owner_id=owner)
        if before is not None:
            rows = rows.filter(pk__lt=before)
        found: QuerySet[Todo, Any] = rows.order_by("-pk").values_list(*COLUMNS)[:limit]
        return found

    return Compiled(build, **{name: uuid.UUID(int=number) for number, name in enumerate(names)})


def todo_of(*, user: User, key: uuid.UUID) -> dict[str, Any] | None:
    """One todo the user owns or is assigned; any other is as absent as none."""
    row: dict[str, Any] | None = Todo.objects.visible_to(user).filter(pk=key).values(*COLUMNS).first()
    return row


def tags_of(*, owner: User) -> QuerySet[Tag, Any]:
    """The tags a user's todos have now, with how many have each."""
    used = Tag.objects.filter(owner=owner).annotate(todo_count=Count("todo_links")).filter(todo_count__gt=0)
    rows: QuerySet[Tag, Any] = used.order_by("name").values("name", "todo_count")
    return rows


REASON_MAX = 200  # characters, the column's
RECURRENCE_COLUMNS = (
    "id",
    "title",
    "description",
    "tag_names",
    "priority",
    "rule",
    "time_zone",
    "starts_on",
    "next_on",
    "skipped_count",
    "paused_on",
    "pause_reason",
    "created_on",
    "updated_on",
    "version",
)


def recurrences_of(*, owner: User) -> QuerySet[Recurrence, dict[str, Any]]:
    """A user's recurrences as rows."""
    rows: QuerySet[Recurrence, dict[str, Any]] = Recurrence.objects.filter(owner=owner).values(*RECURRENCE_COLUMNS)
    return rows


def recurrence_of(*, owner: User, key: uuid.UUID) -> dict[str, Any] | None:
    """One of a user's recurrences; another's is as absent as none."""
    return recurrences_of(owner=owner).filter(pk=key).first()


def recurrence_told(row: dict[str, Any]) -> dict[str, Any]:
    """The row, told as paused with the reason where it cannot run; the clock pauses it when its time comes."""
    if row["paused_on"] is None and (reason := fault(str(row["rule"]), row["time_zone"], row["starts_on"].year)):
        row |= {"paused_on": row["updated_on"], "pause_reason": f"it cannot run: {reason}"[:REASON_MAX]}
    return row


def occurrences_of(*, owner: User, key: uuid.UUID, limit: int, now: datetime) -> list[datetime] | None:
    """When a recurrence will come next; None when the user has no such one."""
    row = Recurrence.objects.filter(owner=owner, pk=key).first()
    return None if row is None else _coming(row, limit=limit, now=now)


def occurrences_next(row: Mapping[str, Any], *, limit: int, now: datetime) -> list[datetime]:
    """The same of a row that is at hand, without a query."""
    timing = Recurrence(rule=row["rule"], time_zone=row["time_zone"], starts_on=row["starts_on"])
    return _coming(timing, limit=limit, now=now)


def _coming(row: Recurrence, *, limit: int, now: datetime) -> list[datetime]:
    return [] if row.fault else list(islice(row.after(now), limit))
