"""Plain models of the service's tables: no base class, no signals."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from todo_app.accounts.models import User
from todo_app.common.uuid7 import uuid7


class Todo(models.Model):
    """A todo."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=200)
    description = models.TextField(max_length=10_000, blank=True, default="")
    status = models.CharField(max_length=12, default="open")
    assignee = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    priority = models.PositiveSmallIntegerField(default=2)
    tag_names = ArrayField(models.CharField(max_length=40), default=list)
    due_on = models.DateTimeField(null=True)
    started_on = models.DateTimeField(null=True)
    completed_on = models.DateTimeField(null=True)
    created_on = models.DateTimeField(default=timezone.now)
    updated_on = models.DateTimeField(default=timezone.now)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        """The service's table."""

        managed = False
        db_table = "todos_todo"

    def __str__(self) -> str:
        """The title."""
        return self.title
