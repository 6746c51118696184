"""Prove that the counters of reports are what the log says."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from todo_app.common.shards import each_shard
from todo_app.moderation.reports import counters_differences, counters_rebuild


class Command(BaseCommand):
    """Ends with 0 when all is equal, else with 1."""

    help = "Compare the counters of reports with the log of violations."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Only whether to repair."""
        parser.add_argument("--rebuild", action="store_true", help="make the counters anew from the log if they differ")

    def handle(self, *_args: object, rebuild: bool = False, **_options: object) -> None:
        """Tell each difference, at most 20 a table; every shard in turn."""
        for _ in each_shard():
            self._verify(rebuild=rebuild)

    def _verify(self, *, rebuild: bool) -> None:
        differences = counters_differences()
        for table, rows in differences.items():
            for row in rows:
                self.stderr.write(f"{table}: {row}")
        if differences and rebuild:
            counters_rebuild()
            if counters_differences():
                raise CommandError("the counters differ from the log even after a rebuild")
            self.stdout.write("counters rebuilt from the log")
        elif differences:
            raise CommandError("the counters differ from the log; `verify_counters --rebuild` makes them anew")
        else:
            self.stdout.write("counters equal the log")
