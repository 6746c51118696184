"""The outbox table."""

from django.db import models

from todo_app.common.models import Row


class Event(Row):
    """One event. No relay exists yet and nothing deletes rows, so this table grows with every change until the
    relay (with its retention of 7 days after publishing) arrives with the next version.
    """

    type = models.CharField(max_length=100)
    key = models.CharField(max_length=100, help_text="Events of one key are published in order.")
    payload = models.JSONField()
    published_on = models.DateTimeField(null=True, blank=True)

    class Meta:
        """The relay looks for unpublished rows only."""

        indexes = [
            models.Index(fields=["id"], condition=models.Q(published_on__isnull=True), name="outbox_unpublished")
        ]

    def __str__(self) -> str:
        """Type and key."""
        return f"{self.type} {self.key}"
