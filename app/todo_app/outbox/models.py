"""The outbox table and the lease of the relay."""

from django.db import models

from todo_app.common.models import Row

SEQUENCE = "outbox_event_position"


class NextPosition(models.Func):
    """The sequence's next number; the INSERT takes it, so the writer holds the lock of the key's row."""

    template = f"nextval('{SEQUENCE}'::regclass)"
    output_field = models.BigIntegerField()


class Event(Row):
    """One event. The relay publishes it; published rows are deleted after TODO_OUTBOX_DAYS.

    `position` orders the events of one key: a writer appends while it holds the lock of the row the key names, so of
    two events of a key the earlier has the lower number. Numbers of different keys say nothing: one transaction may
    take its number early and commit late.
    """

    type = models.CharField(max_length=100)
    key = models.CharField(max_length=100, help_text="Events of one key are published in order.")
    payload = models.JSONField()
    position = models.BigIntegerField(db_default=NextPosition(), editable=False)
    published_on = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0, help_text="Tries that were refused.")
    next_try_on = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=500, blank=True, default="", db_default="", help_text="Of the last try.")
    dead_on = models.DateTimeField(null=True, blank=True, help_text="No more tries; later events of the key wait.")

    class Meta:
        """Every index is partial: published rows are most of the table, and only the retention looks for them."""

        indexes = [
            models.Index(
                fields=["position"],
                condition=models.Q(published_on__isnull=True, dead_on__isnull=True),
                name="outbox_next",
            ),
            models.Index(
                fields=["key", "position"], condition=models.Q(published_on__isnull=True), name="outbox_waiting"
            ),
            models.Index(fields=["dead_on"], condition=models.Q(dead_on__isnull=False), name="outbox_dead"),
            models.Index(
                fields=["published_on"], condition=models.Q(published_on__isnull=False), name="outbox_published"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(published_on__isnull=True) | models.Q(dead_on__isnull=True),
                name="event_published_or_dead",
            )
        ]

    def __str__(self) -> str:
        """Type and key."""
        return f"{self.type} {self.key}"


class Lease(models.Model):
    """Who may publish. `epoch` grows with each new holder, so that a publisher can refuse one that slept too long."""

    name = models.CharField(primary_key=True, max_length=50)
    holder = models.CharField(max_length=100, blank=True, default="")
    epoch = models.PositiveBigIntegerField(default=0)
    expires_on = models.DateTimeField()

    def __str__(self) -> str:
        """Name and holder."""
        return f"{self.name} {self.holder or 'nobody'}"
