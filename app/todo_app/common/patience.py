"""Changing tables that are in use: short waits for a lock, many of them, instead of one long queue (T-16).

A statement that waits for a strong lock makes every later reader wait behind it. So it gives up after LOCK_WAIT and
comes again, until PATIENCE is used up: a reader may stay open for a minute without anybody noticing the migration.
"""

import time
from collections.abc import Callable
from typing import TypeVar

import structlog
from django.db import OperationalError, connection

LOCK_WAIT = "500ms"  # for this long others may queue behind us; the promise of R16 is 2 s
PAUSE = 1.0  # seconds between two tries, in which those who queued go on
PATIENCE = 120.0  # seconds of waits and pauses altogether; the Job's deadline in the chart is 300
BUSY = ("lock timeout", "deadlock detected")
T = TypeVar("T")
log = structlog.get_logger("migrate")
# who keeps us waiting: transactions of this database that hold a lock on a table, the oldest first; never their SQL,
# which may hold people's text
_HOLDERS = """
    SELECT a.pid, coalesce(nullif(a.application_name, ''), 'unnamed'), coalesce(a.state, 'unknown'), a.xact_start,
           a.query_start
    FROM pg_stat_activity a
    WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.xact_start IS NOT NULL
      AND EXISTS (SELECT 1 FROM pg_locks l WHERE l.pid = a.pid AND l.locktype = 'relation' AND l.granted)
    ORDER BY a.xact_start LIMIT 3
"""


class TableBusy(Exception):
    """PATIENCE is used up; the message says who held the lock."""


def patiently(work: Callable[[], T]) -> T:
    """Do `work`, which can be run again, on the default database. Raises TableBusy."""
    waited, depth = 0.0, len(connection.atomic_blocks)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [LOCK_WAIT])
    while True:
        began = time.monotonic()
        try:
            return work()
        except OperationalError as error:
            if not any(part in str(error) for part in BUSY):
                raise
            # Django's schema editor leaves its transaction open when one of its last statements fails
            while len(connection.atomic_blocks) > depth:
                connection.atomic_blocks[-1].__exit__(type(error), error, error.__traceback__)
            waited += min(time.monotonic() - began, 2.0) + PAUSE  # work that was done is no wait
        held = holders()
        if waited >= PATIENCE:
            raise TableBusy(f"a table is in use, given up after {waited:.0f} s; {held}")
        log.warning("a table is in use, trying again", waited=round(waited), patience=PATIENCE, holders=held)
        time.sleep(PAUSE)


def holders() -> str:
    """Who holds locks on tables, in words."""
    with connection.cursor() as cursor:
        cursor.execute(_HOLDERS)
        found = [
            f"pid {pid} ({name}, {state}, transaction since {began:%H:%M:%S}, query since {asked:%H:%M:%S} UTC)"
            for pid, name, state, began, asked in cursor.fetchall()
        ]
    return f"held by {'; '.join(found)}" if found else "the holder has ended meanwhile"
