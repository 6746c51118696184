"""`entrypoint maintenance`, run by the CronJob of that name."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from todo_app.common.maintenance import chores, chores_run
from todo_app.common.shards import DIRECTORY, each_shard


class Command(BaseCommand):
    """Exit 0: all done on every database; 1: a chore failed, the others ran; 2: wrong usage."""

    help = "Run the chores of all apps: retention, expiry, partitions."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One chore instead of all."""
        parser.add_argument("--only", choices=chores(), default="", help="run this chore only")

    def handle(self, *_args: object, only: str = "", **_options: object) -> None:
        """Run, then tell."""
        failed = []
        for alias in each_shard():
            at = "" if alias == DIRECTORY else f"{alias}: "
            done = chores_run(now=timezone.now(), only=only)
            for name, rows in done.rows.items():
                self.stdout.write(f"{at}{name}: {rows} rows")
            failed += [f"{at}{name} failed: {error}" for name, error in done.failed.items()]
        if failed:
            raise CommandError("; ".join(failed))
