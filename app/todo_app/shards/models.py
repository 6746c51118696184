"""The map of homes, and on each database the users who have left it."""

from django.db import models
from django.utils import timezone


class UserHome(models.Model):
    """Where a user's rows are; read on the directory only. No row: on the directory, as ever. `shard` is the owner at
    any moment of a move; while `moving_to` is set the user is served by nobody.
    """

    user_id = models.UUIDField(primary_key=True)
    shard = models.CharField(max_length=31)
    moving_from = models.CharField(max_length=31, blank=True, default="")
    moving_to = models.CharField(max_length=31, blank=True, default="")
    changed_on = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        """User and shard."""
        return f"{self.user_id} on {self.shard}"


class Away(models.Model):
    """A user who has left this database or is leaving it: triggers refuse every write of its rows here."""

    user_id = models.UUIDField(primary_key=True)
    since = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        """The user."""
        return str(self.user_id)
