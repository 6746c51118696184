"""Bring the list of banned words in from a CSV file, or write it out."""

import sys
from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from todo_app.moderation.words_csv import CsvRefused, words_export, words_import

STEP = 1000  # words between two lines of progress


class Command(BaseCommand):
    """Ends with 0, or with 1 when a file cannot be read or any line of it is bad; then nothing has changed."""

    help = "Import or export the list of banned words as CSV: word,kind,severity."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which way, and the file; `-` is standard input or output."""
        parser.add_argument("action", choices=["import", "export"])
        parser.add_argument("file", help="a CSV file in UTF-8, or - for standard input or output")

    def handle(self, *_args: object, action: str, file: str, **_options: object) -> None:
        """All lines or none."""
        if action == "export":
            text = "".join(words_export())
            if file == "-":
                self.stdout.write(text, ending="")
            else:
                Path(file).write_text(text, encoding="utf-8", newline="")
            return
        try:
            text = sys.stdin.read() if file == "-" else Path(file).read_bytes().decode()
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{file}: {error}; expected: a CSV file in UTF-8") from None
        try:
            outcome = words_import(text=text, now=timezone.now(), told=self._told)
        except CsvRefused as refused:
            for number, problem in refused.problems:
                self.stderr.write(f"{file}:{number}: {problem}")
            raise CommandError(f"{len(refused.problems)} bad lines, nothing was imported") from None
        self.stdout.write(f"added {outcome.added}, changed {outcome.changed}, unchanged {outcome.unchanged}")

    def _told(self, done: int, total: int) -> None:
        if done % STEP == 0:
            self.stderr.write(f"{done} of {total} words")
