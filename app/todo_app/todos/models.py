"""Todos; status and dates agree by constraint."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models

from todo_app.accounts.models import User
from todo_app.common.models import BaseModel, EventfulQuerySet


class Status(models.TextChoices):
    """Where a todo stands."""

    OPEN = "open", "Open"
    IN_PROGRESS = "in_progress", "In progress"
    DONE = "done", "Done"
    CANCELLED = "cancelled", "Cancelled"


class TodoQuerySet(EventfulQuerySet["Todo"]):
    """What todos are asked for."""

    def owned_by(self, user: User) -> TodoQuerySet:
        """Those of one user."""
        return self.filter(owner=user)

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
    started_on = models.DateTimeField(null=True, blank=True)
    completed_on = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects: ClassVar[TodoQuerySet] = TodoQuerySet.as_manager()  # type: ignore[assignment]  # a queryset's methods, a manager at run time

    class Meta:
        """Lists are read by owner, newest first."""

        indexes = [models.Index(fields=["owner", "-id"], name="todo_by_owner")]
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=Status.values), name="todo_status_known"),
            models.CheckConstraint(condition=DATES, name="todo_status_dates_agree"),
            models.CheckConstraint(condition=ORDER, name="todo_dates_in_order"),
            models.CheckConstraint(condition=~models.Q(title=""), name="todo_title_not_empty"),
        ]

    def __str__(self) -> str:
        """The title."""
        return self.title

    def save(self, **options: Any) -> None:  # noqa: ANN401 - BaseModel's options, passed on
        """Count the change, whoever makes it, so that an ETag read before never fits again."""
        if not self._state.adding and self.changed_fields and "version" not in self.changed_fields:
            self.version += 1
        super().save(**options)

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
