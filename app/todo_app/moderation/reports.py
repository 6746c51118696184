"""Reports from the counters, and the proof that the counters are what the log says. SQL of the report is only here."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from todo_app.moderation.partitions import retiring
from todo_app.shards.merging import merged_by_user

_TOTALS = """
SELECT user_id, total FROM moderation_usertotal WHERE (%(after)s::uuid IS NULL OR user_id > %(after)s)
ORDER BY user_id LIMIT %(limit)s
"""
_WORST = """
SELECT t.user_id, u.username, u.is_banned, t.total FROM moderation_usertotal t JOIN accounts_user u ON u.id = t.user_id
ORDER BY t.total DESC, t.user_id LIMIT %(limit)s
"""
_WORDS = """
SELECT user_id, word, count FROM moderation_userwordcount WHERE user_id = ANY(%(users)s)
ORDER BY user_id, count DESC, word
"""
_DAYS = """
SELECT day, sum(count)::bigint FROM moderation_daycount
WHERE word = %(word)s AND day BETWEEN %(first)s AND %(last)s GROUP BY day ORDER BY day
"""
_WORD_SUMS = """
SELECT word, sum(count)::bigint AS total FROM moderation_daycount
WHERE word <> '' AND day BETWEEN %(first)s AND %(last)s GROUP BY word ORDER BY total DESC, word LIMIT %(limit)s
"""


@merged_by_user
def violations_by_user(*, after: uuid.UUID | None, limit: int) -> list[dict[str, Any]]:
    """Per user, in order of keys: violations containing each word, and all violations."""
    with connection.cursor() as cursor:
        cursor.execute(_TOTALS, {"after": after, "limit": limit})
        return _with_words(cursor, [{"user_id": user, "total": total} for user, total in cursor.fetchall()])


def violations_worst_users(*, limit: int) -> list[dict[str, Any]]:
    """The users with most violations, as above and with `username` and `is_banned`."""
    with connection.cursor() as cursor:
        cursor.execute(_WORST, {"limit": limit})
        columns = ("user_id", "username", "is_banned", "total")
        return _with_words(cursor, [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()])


def _with_words(cursor: CursorWrapper, report: list[dict[str, Any]]) -> list[dict[str, Any]]:
    users: dict[uuid.UUID, list[dict[str, Any]]] = {}
    for row in report:
        users[row["user_id"]] = row["logs"] = []
    if users:
        cursor.execute(_WORDS, {"users": list(users)})
        for user, word, count in cursor.fetchall():
            users[user].append({"word": word, "count": count})
    return report


def violations_by_day(*, first: date, last: date, word: str = "") -> list[dict[str, Any]]:
    """Violations of each day (UTC) that has any, of one word or of all."""
    with connection.cursor() as cursor:
        cursor.execute(_DAYS, {"first": first, "last": last, "word": word})
        return [{"day": day, "count": count} for day, count in cursor.fetchall()]


def violations_by_word(*, first: date, last: date, limit: int) -> list[dict[str, Any]]:
    """The words in most violations of these days (UTC)."""
    with connection.cursor() as cursor:
        cursor.execute(_WORD_SUMS, {"first": first, "last": last, "limit": limit})
        return [{"word": word, "count": count} for word, count in cursor.fetchall()]


# for each counter table its key columns, its value, and the same computed from the log
_COUNTERS = {
    "moderation_usertotal": ("user_id", "total", "SELECT user_id, count(*) FROM log GROUP BY 1"),
    "moderation_userwordcount": (
        "user_id, word",
        "count",
        "SELECT user_id, word, count(*) FROM log, LATERAL (SELECT DISTINCT unnest(words)) AS w (word) GROUP BY 1, 2",
    ),
    "moderation_daycount": (
        "word, day, slot",
        "count",
        """SELECT word, (created_on AT TIME ZONE 'UTC')::date AS day, get_byte(uuid_send(user_id), 15) % 8 AS slot,
        count(*) FROM log, LATERAL (SELECT '' UNION SELECT unnest(words)) AS w (word) GROUP BY 1, 2, 3""",
    ),
}


def counters_differences(*, limit: int = 20) -> dict[str, list[str]]:
    """By table the rows that differ from the log, at most `limit` each. One snapshot a table; writers go on."""
    found: dict[str, list[str]] = {}
    with _unlimited() as cursor:
        for table, (key, value, computed) in _COUNTERS.items():
            cursor.execute(
                f"WITH log AS ({_log()}), wanted AS ({computed})"  # noqa: S608 - constants of this module
                f" SELECT {key}, t.{value}, w.count FROM {table} t FULL JOIN wanted w USING ({key})"
                f" WHERE t.{value} IS DISTINCT FROM w.count ORDER BY {key} LIMIT {limit}"
            )
            if rows := cursor.fetchall():
                found[table] = [
                    f"{' '.join(map(str, row[:-2]))}: kept {row[-2]}, the log says {row[-1]}" for row in rows
                ]
    return found


def counters_rebuild() -> None:
    """Make all counters anew from the log; recording violations waits meanwhile."""
    with _unlimited() as cursor:
        cursor.execute("LOCK TABLE moderation_violation IN SHARE ROW EXCLUSIVE MODE")
        for table, (key, value, computed) in _COUNTERS.items():
            cursor.execute(f"DELETE FROM {table}")  # noqa: S608 - as above
            cursor.execute(f"WITH log AS ({_log()}) INSERT INTO {table} ({key}, {value}) {computed}")


@contextmanager
def _unlimited() -> Iterator[CursorWrapper]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0")
        yield cursor


def _log() -> str:
    """The log and what is on its way out: a month is counted until the moment it is dropped."""
    tables = ["moderation_violation", *retiring()]
    return " UNION ALL ".join(f"SELECT user_id, words, created_on FROM {table}" for table in tables)  # noqa: S608 - names made by us
