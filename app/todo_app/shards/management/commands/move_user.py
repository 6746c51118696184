"""`manage.py move_user USER SHARD`."""

import uuid
from argparse import ArgumentParser

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError
from django.utils import timezone

from todo_app.shards.copying import CopyDiffers
from todo_app.shards.fences import DrainTimeout
from todo_app.shards.move import MoveRefused, user_move


class Command(BaseCommand):
    """Exit 0: moved, or there already; 1: refused or cut off, run it again; 2: wrong usage."""

    help = "Move one user's rows to another database; running it again finishes a move that was cut off."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Who and where."""
        parser.add_argument("user", type=uuid.UUID, help="the user's id")
        parser.add_argument("shard", help="a name of TODO_SHARDS, or default")

    def handle(self, *_args: object, user: uuid.UUID, shard: str, **_options: object) -> None:
        """Move, then tell."""
        if settings.ENV.database_pooler != "none":
            raise CommandError("a move locks its session: it needs TODO_DATABASE_POOLER=none and PostgreSQL's host")
        try:
            moved = user_move(user_id=user, target=shard, now=timezone.now())
        except (MoveRefused, CopyDiffers, DrainTimeout, DatabaseError) as error:
            raise CommandError(f"user {user}: {str(error).partition(chr(10))[0]}") from None
        if not moved.rows and moved.source == moved.target:
            self.stdout.write(f"user {user} is on {shard} already")
            return
        for table, number in moved.rows.items():
            self.stdout.write(f"{table}: {number} rows")
        self.stdout.write(f"user {user}: {moved.source} → {moved.target}")
