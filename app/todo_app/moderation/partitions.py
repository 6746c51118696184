"""Monthly partitions of the log: made ahead, retired after the retention. Safe to run again and side by side."""

import re
import time
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from django.conf import settings
from django.db import OperationalError, connection, transaction

from todo_app.common.shards import each_shard

TABLE = "moderation_violation"
DEFAULT = f"{TABLE}_default"
AHEAD = 3  # months after the current one
LOCK = "1s"  # what a writer may wait for us
TRIES = 5
_NAME = re.compile(rf"{TABLE}_p(\d{{4}})_(\d\d)")
_RETIRING = f"{TABLE}_retiring_"
_MONTH_BOUND = re.compile(r"TO \('([^']+)'\)")


@dataclass
class PartitionsOutcome:
    """Names of tables."""

    created: list[str] = field(default_factory=list)
    retired: list[str] = field(default_factory=list)
    moved: int = 0  # rows that had gone to the DEFAULT partition


def partitions_maintain(*, now: datetime) -> PartitionsOutcome:
    """Create the months ahead, then retire those past the retention. Raises OperationalError when a lock is not had."""
    outcome = PartitionsOutcome()
    month = _month(now.astimezone(UTC).date())
    first = max(_covered_until() or month, month)
    last = _shifted(month, AHEAD)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT DISTINCT date_trunc('month', created_on AT TIME ZONE 'UTC')::date FROM {DEFAULT}")  # noqa: S608 - our table
        strays = {row[0] for row in cursor.fetchall()}
    wanted = {_shifted(first, number) for number in range(AHEAD + 1)} | strays
    existing = set(_bounds())
    for begin in sorted(wanted):
        name = f"{TABLE}_p{begin:%Y_%m}"
        if begin in strays or (begin <= last and name not in existing):
            outcome.moved += _create(name, begin)
            outcome.created.append(name)
    if settings.VIOLATION_RETENTION_MONTHS:
        oldest = _shifted(month, -settings.VIOLATION_RETENTION_MONTHS)
        for name, until in _bounds().items():
            if until is not None and until <= oldest:
                _detach(name)
    for name in retiring():
        _drop(name)
        outcome.retired.append(name)
    return outcome


def partitions_chore(*, now: datetime) -> int:
    """For `maintenance`, on each shard: tables made and retired, rows moved. A busy table is tried again."""
    return sum(_patiently(now) for _ in each_shard())


def _patiently(now: datetime) -> int:
    for left in range(TRIES - 1, -1, -1):
        try:
            outcome = partitions_maintain(now=now)
        except OperationalError:
            if not left:
                raise
            time.sleep(1)
        else:
            break
    return len(outcome.created) + len(outcome.retired) + outcome.moved


def retiring() -> list[str]:
    """Tables that are no partitions any more but still counted."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c WHERE c.relkind = 'r' AND starts_with(c.relname, %s)"
            " AND c.relnamespace = current_schema()::regnamespace ORDER BY 1",
            [_RETIRING],
        )
        return [row[0] for row in cursor.fetchall()]


def _bounds() -> dict[str, date | None]:
    """Each partition with its upper bound; None for DEFAULT."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits i"
            " JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = %s::regclass ORDER BY 1",
            [TABLE],
        )
        found: dict[str, date | None] = {}
        for name, bound in cursor.fetchall():
            until = _MONTH_BOUND.search(bound)
            found[name] = date.fromisoformat(until[1][:10]) if until else None
    return found


def _covered_until() -> date | None:
    """Where the history made by the migration ends."""
    return _bounds().get(f"{TABLE}_history")


def _create(name: str, begin: date) -> int:
    """Make one month; rows of it in DEFAULT move in the same transaction, past the counting triggers."""
    until = _shifted(begin, 1)
    span = f"created_on >= '{begin} 00:00:00+00' AND created_on < '{until} 00:00:00+00'"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK}'; SET LOCAL statement_timeout = 0")
        cursor.execute(f"LOCK TABLE {TABLE} IN SHARE UPDATE EXCLUSIVE MODE")  # another maintainer waits here
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [name])
        if cursor.fetchone() == (True,):
            return 0
        cursor.execute(f"LOCK TABLE {DEFAULT} IN ACCESS EXCLUSIVE MODE")
        cursor.execute(f"CREATE TABLE {name} (LIKE {TABLE} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
        cursor.execute(f"INSERT INTO {name} SELECT * FROM {DEFAULT} WHERE {span}")  # noqa: S608 - names and dates made by us
        cursor.execute(f"DELETE FROM {DEFAULT} WHERE {span}")  # noqa: S608 - as above
        moved: int = cursor.rowcount
        bound = f"FROM ('{begin} 00:00:00+00') TO ('{until} 00:00:00+00')"
        cursor.execute(f"ALTER TABLE {TABLE} ATTACH PARTITION {name} FOR VALUES {bound}")
    return moved


def _detach(name: str) -> None:
    """Quick: takes the month out of the table. It stays counted until `_drop`, however long that comes after."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK}'")
        cursor.execute(f"ALTER TABLE {TABLE} DETACH PARTITION {name}")
        cursor.execute(f"ALTER TABLE {name} RENAME TO {_RETIRING}{name.removeprefix(TABLE + '_')}")


def _drop(name: str) -> None:
    """Subtract and drop in one transaction: the counters never say more or less than the log."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute(
            f"CREATE TRIGGER violation_uncount AFTER DELETE ON {name} REFERENCING OLD TABLE AS changed"
            " FOR EACH STATEMENT EXECUTE FUNCTION moderation_violations_uncount()"
        )
        cursor.execute(f"DELETE FROM {name}")  # noqa: S608 - a name made by us
        cursor.execute(f"DROP TABLE {name}")


def _month(day: date) -> date:
    return day.replace(day=1)


def _shifted(month: date, months: int) -> date:
    number = month.year * 12 + month.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)
