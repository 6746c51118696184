"""Migrate and create first rows, once at a time."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection
from django.utils import timezone

from todo_app.common.patience import TableBusy, patiently
from todo_app.common.shards import DIRECTORY, each_shard
from todo_app.moderation.bootstrap import first_rows_create
from todo_app.moderation.entries import EntryInvalid
from todo_app.moderation.partitions import partitions_maintain
from todo_app.shards.fences import fences_install

LOCK = 0x736C69707761  # "slipwa": the advisory lock of everything that changes the schema
WAIT = 600  # seconds for another migrator to end
DATABASE_WAIT = 120  # seconds for the database to answer
log = structlog.get_logger("migrate")


class Command(BaseCommand):
    """`entrypoint migrate`."""

    help = "Apply migrations under an advisory lock, then create the first administrator, demo user and words."

    def handle(self, *_args: object, **_options: object) -> None:
        """Wait for the database, then for the lock, then do it. Safe to run again and side by side."""
        if settings.ENV.database_pooler != "none":
            raise CommandError(
                "TODO_DATABASE_POOLER is 'transaction'; migrations hold a lock on their session, so this command"
                " needs TODO_DATABASE_POOLER=none and TODO_DATABASE_HOST naming PostgreSQL itself"
            )
        for shard in each_shard():
            self._bring_up(shard)

    def _bring_up(self, shard: str) -> None:
        self._database_wait()
        with self._alone():
            with connection.cursor() as cursor:
                cursor.execute("SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0")
            try:
                patiently(lambda: call_command("migrate", interactive=False, verbosity=0))
                fences = patiently(fences_install) if settings.SHARDS else 0
                self._limits_keep()
                made = first_rows_create(now=timezone.now()) if shard == DIRECTORY else []
                patiently(lambda: partitions_maintain(now=timezone.now()))
            except TableBusy as busy:
                raise CommandError(f"{shard}: {busy}") from None
            except EntryInvalid as error:
                raise CommandError(f"TODO_INITIAL_WORDS: banned word {error}") from None
        log.info("migrated", made=made, shard=shard, fences=fences)

    def _limits_keep(self) -> None:
        """Give the role the limits of a session, for connections through a pooler that passes no options on."""
        with connection.cursor() as cursor:
            for limit, value in settings.DATABASE_LIMITS.items():
                cursor.execute(f"ALTER ROLE CURRENT_USER SET {limit} = %s", [value])

    def _database_wait(self) -> None:
        deadline = time.monotonic() + DATABASE_WAIT
        while True:
            try:
                connection.ensure_connection()
            except OperationalError as error:
                if time.monotonic() > deadline:
                    raise CommandError(f"the database does not let us in after {DATABASE_WAIT} s: {error}") from None
                time.sleep(1)
            else:
                return

    @contextmanager
    def _alone(self) -> Iterator[None]:
        # polled, because the wait itself would count against lock_timeout and statement_timeout
        deadline = time.monotonic() + WAIT
        with connection.cursor() as cursor:
            while True:
                cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
                if cursor.fetchone() == (True,):
                    break
                if time.monotonic() > deadline:
                    raise CommandError(f"another migrator has held the lock for {WAIT} s")
                time.sleep(0.2)
        try:
            yield
        finally:
            if connection.connection is not None and not connection.connection.closed:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
