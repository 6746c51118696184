"""Make the todos of recurrences whose time has come."""

from django.core.management.base import BaseCommand
from django.utils import timezone

from todo_app.common.shards import each_shard
from todo_app.todos.due import recurrences_run


class Command(BaseCommand):
    """`manage.py run_due_todos`; safe to run twice at once, and again after any failure."""

    help = "Make the todos of recurrences whose time has come, on every database."

    def handle(self, *_args: object, **_options: object) -> None:
        """One run; ends with 1 when the database cannot be used."""
        now = timezone.now()
        for alias in each_shard():
            ran = recurrences_run(now=now)
            self.stdout.write(f"{alias}: {ran.created} created, {ran.skipped} skipped, {ran.paused} paused")
