"""Make the todos of recurrences whose time has come."""

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError
from django.utils import timezone

from todo_app.common.shards import each_shard
from todo_app.todos.due import recurrences_run


class Command(BaseCommand):
    """`manage.py run_due_todos`; safe to run twice at once, and again after any failure."""

    help = "Make the todos of recurrences whose time has come, on every database."

    def handle(self, *_args: object, **_options: object) -> None:
        """One run; ends with 1 when a database could not be used, after the others had their turn."""
        now, away = timezone.now(), []
        for alias in each_shard():
            try:
                ran = recurrences_run(now=now)
            except DatabaseError as error:
                away.append(f"{alias}: {error}".partition("\n")[0])
                continue
            self.stdout.write(f"{alias}: {ran.created} created, {ran.skipped} skipped, {ran.paused} paused")
        if away:
            raise CommandError("; ".join(away))
