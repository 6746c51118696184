"""Todos; status and dates agree by constraint."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone

from todo_app.accounts.models import User
from todo_app.common.models import BaseModel, EventfulQuerySet
from todo_app.todos.models.tag import TAG_MAX, TAGS_MAX, Tag, TodoTag, tags_judge, tags_normal, tags_write


class Status(models.TextChoices):
    """Where a todo stands."""

    OPEN = "open", "Open"
    IN_PROGRESS = "in_progress", "In progress"
    DONE = "done", "Done"
    CANCELLED = "cancelled", "Cancelled"


UNFINISHED = (Status.OPEN, Status.IN_PROGRESS)


class Priority(models.IntegerChoices):
    """How much it matters."""

    LOW = 1, "Low"
    NORMAL = 2, "Normal"
    HIGH = 3, "High"
    URGENT = 4, "Urgent"


class DueNotAhead(ValidationError):
    """A due date was set that has passed already."""

    def __init__(self) -> None:
        super().__init__({"due_on": "Must be later than now."})


def due_check(due_on: datetime | None, *, now: datetime) -> None:
    """A due date must lie ahead when it is set; later it may pass. Raises DueNotAhead."""
    if due_on is not None and due_on <= now:
        raise DueNotAhead


def overdue(now: datetime) -> models.Q:
    """Unfinished and past its date."""
    return models.Q(due_on__isnull=False, due_on__lt=now, status__in=UNFINISHED)


class TodoQuerySet(EventfulQuerySet["Todo"]):
    """What todos are asked for."""

    def owned_by(self, user: User) -> TodoQuerySet:
        """Those of one user."""
        return self.filter(owner=user)

    def assigned_to(self, user: User) -> TodoQuerySet:
        """Those one user is to do."""
        return self.filter(assignee=user)

    def visible_to(self, user: User) -> TodoQuerySet:
        """Those one user may read."""
        return self.owned_by(user) | self.assigned_to(user)

    def overdue(self, now: datetime) -> TodoQuerySet:
        """Unfinished and past their date."""
        return self.filter(overdue(now))

    def in_status(self, status: str) -> TodoQuerySet:
        """Those in one status."""
        return self.filter(status=status)


DATES = (
    models.Q(status=Status.OPEN, started_on__isnull=True, completed_on__isnull=True)
    | models.Q(status=Status.IN_PROGRESS, started_on__isnull=False, completed_on__isnull=True)
    | models.Q(status=Status.DONE, started_on__isnull=False, completed_on__isnull=False)
    | models.Q(status=Status.CANCELLED, completed_on__isnull=True)
)
ORDER = models.Q(completed_on__isnull=True) | models.Q(
    started_on__lt=models.F("completed_on"), created_on__lt=models.F("completed_on")
)


class Todo(BaseModel):
    """Something to do. `version` counts changes and is the ETag."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="todos")
    title = models.CharField(max_length=200)
    description = models.TextField(max_length=10_000, blank=True, default="")
    status = models.CharField(max_length=12, choices=Status, default=Status.OPEN)
    # database defaults: during a rollout the version before still inserts without these columns
    priority = models.PositiveSmallIntegerField(choices=Priority, default=Priority.NORMAL, db_default=Priority.NORMAL)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="assigned_todos",
        db_index=False,
    )
    tag_names = ArrayField(
        models.CharField(max_length=TAG_MAX),
        size=TAGS_MAX,
        blank=True,
        default=list,
        db_default=models.Value("{}"),
        help_text="The tags by name, so that a list needs no second query; `tags` follows on save.",
    )
    tags = models.ManyToManyField(Tag, through=TodoTag, related_name="todos", editable=False)
    due_on = models.DateTimeField(null=True, blank=True)
    started_on = models.DateTimeField(null=True, blank=True)
    completed_on = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects: ClassVar[TodoQuerySet] = TodoQuerySet.as_manager()  # type: ignore[assignment]  # a queryset's methods, a manager at run time

    class Meta:
        """Lists are read by owner, newest first; the partial indexes cost a plain todo nothing."""

        indexes = [
            models.Index(fields=["owner", "-id"], name="todo_by_owner"),
            models.Index(
                fields=["assignee", "-id"], condition=models.Q(assignee__isnull=False), name="todo_by_assignee"
            ),
            models.Index(
                fields=["owner", "due_on", "id"], condition=models.Q(due_on__isnull=False), name="todo_by_owner_due"
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=Status.values), name="todo_status_known"),
            models.CheckConstraint(condition=DATES, name="todo_status_dates_agree"),
            models.CheckConstraint(condition=ORDER, name="todo_dates_in_order"),
            models.CheckConstraint(condition=~models.Q(title=""), name="todo_title_not_empty"),
            models.CheckConstraint(condition=models.Q(priority__in=Priority.values), name="todo_priority_known"),
            models.CheckConstraint(
                condition=models.Q(due_on__isnull=True) | models.Q(due_on__gt=models.F("created_on")),
                name="todo_due_after_created",
            ),
            models.CheckConstraint(condition=models.Q(tag_names__len__lte=TAGS_MAX), name="todo_tags_bounded"),
        ]

    def __str__(self) -> str:
        """The title."""
        return self.title

    def save(self, *, update_fields: Iterable[str] | None = None, **options: Any) -> None:  # noqa: ANN401 - BaseModel's options, passed on
        """Count the change, whoever makes it, so that an ETag read before never fits again; keep the tags in step."""
        adding = self._state.adding
        if "tag_names" in self.__dict__:  # not deferred
            self.tag_names = tags_normal(self.tag_names)
        changed = self.changed_fields
        if "tag_names" in changed:
            tags_judge(self.tag_names)
        if "due_on" in changed:
            due_check(self.due_on, now=self.updated_on if adding or "updated_on" in changed else timezone.now())
        if not adding and changed and "version" not in changed:
            self.version += 1
        wanted = {"tag_names", "owner_id"} if update_fields is None else {"tag_names"} & set(update_fields)
        if not wanted & set(changed) or (adding and not self.tag_names):
            super().save(update_fields=update_fields, **options)
            return
        with transaction.atomic(savepoint=False):
            super().save(update_fields=update_fields, **options)
            tags_write(todo=self, owner=self.owner_id, names=self.tag_names)

    def clean(self) -> None:
        """What the constraints say, in words for people."""
        started, completed = self.started_on, self.completed_on
        wanted = {
            Status.OPEN: not started and not completed,
            Status.IN_PROGRESS: bool(started) and not completed,
            Status.DONE: bool(started) and bool(completed),
            Status.CANCELLED: not completed,
        }
        if not wanted.get(Status(self.status), False):
            raise ValidationError({"status": "Status and dates do not agree."})
        if completed and ((started and started >= completed) or self.created_on >= completed):
            raise ValidationError({"completed_on": "Must be later than created and started."})
        if "tag_names" in self.changed_fields:
            tags_judge(self.tag_names or [])
        if "due_on" in self.changed_fields:
            due_check(self.due_on, now=timezone.now())
