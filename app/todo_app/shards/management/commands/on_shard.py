"""`manage.py on_shard SHARD COMMAND …`: any other command wholly on one database, such as a shard's relay."""

from argparse import REMAINDER, ArgumentParser

from django.core.management import execute_from_command_line
from django.core.management.base import BaseCommand, CommandError

from todo_app.common.shards import aliases, on_shard


class Command(BaseCommand):
    """Exit: that of the command; 1 for an unknown shard."""

    help = "Run a command with one shard as its default database."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Shard, command and its arguments."""
        parser.add_argument("shard")
        parser.add_argument("command", nargs=REMAINDER)

    def handle(self, *_args: object, shard: str, command: list[str], **_options: object) -> None:
        """Switch, then run."""
        if shard not in aliases():
            raise CommandError(f"{shard!r} is not a shard; there are: {', '.join(aliases())}")
        if not command:
            raise CommandError("which command?")
        with on_shard(shard):
            execute_from_command_line(["manage.py", *command])
