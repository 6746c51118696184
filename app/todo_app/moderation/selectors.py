"""Reading the list of words and the log."""

import uuid
from collections.abc import Iterable
from typing import Any

from django.db import connection
from django.db.models import QuerySet, Subquery

from todo_app.common.models import Revision
from todo_app.common.shards import on_directory
from todo_app.moderation.matcher import BannedEntry
from todo_app.moderation.models import WORDS_REVISION, BannedWord, Violation
from todo_app.shards.merging import merged_by_user


def words_version_subquery() -> Subquery:
    """The list's version, to be read in the query that reads the user."""
    return Subquery(Revision.objects.filter(name=WORDS_REVISION).values("number")[:1])


@on_directory()
def words_version() -> int:
    """The list's version by a query of its own, for writes outside a request."""
    return Revision.objects.values_list("number", flat=True).get(name=WORDS_REVISION)


@on_directory()
def words_snapshot() -> tuple[int, list[BannedEntry]]:
    """Version and words as one statement saw them, so that a verdict never mixes two versions."""
    columns = ("word", "severity", "version")
    rows = list(BannedWord.objects.annotate(version=words_version_subquery()).values_list(*columns))
    if rows:
        return rows[0][2], [BannedEntry(word, severity) for word, severity, _ in rows]
    return words_version(), []


def banned_words() -> QuerySet[BannedWord, Any]:
    """The list as rows."""
    return BannedWord.objects.values("id", "word", "severity", "created_on")


def violations(*, user_id: uuid.UUID | None = None) -> QuerySet[Violation, Any]:
    """The log as rows, of one user or of all."""
    rows = Violation.objects.filter(user_id=user_id) if user_id else Violation.objects.all()
    columns = ("id", "user_id", "user__username", "user__is_banned", "subject_id", "words", "severity", "text", "spans")
    found: QuerySet[Violation, Any] = rows.values(*columns, "words_version", "counted", "created_on")
    return found


_TOTALS = """
SELECT user_id, count(*) FROM moderation_violation WHERE (%(after)s::uuid IS NULL OR user_id > %(after)s)
GROUP BY user_id ORDER BY user_id LIMIT %(limit)s
"""
_WORDS = """
SELECT user_id, word, count(*) FROM moderation_violation CROSS JOIN unnest(words) AS word
WHERE user_id = ANY(%(users)s) GROUP BY user_id, word ORDER BY user_id, count(*) DESC, word
"""


@merged_by_user
def violations_by_user(*, after: uuid.UUID | None, limit: int) -> list[dict[str, Any]]:
    """Per user the violations containing each word, and the number of violations. Computed from the log itself."""
    with connection.cursor() as cursor:
        cursor.execute(_TOTALS, {"after": after, "limit": limit})
        totals: Iterable[tuple[uuid.UUID, int]] = cursor.fetchall()
        report: dict[uuid.UUID, dict[str, Any]] = {
            user: {"user_id": user, "logs": [], "total": total} for user, total in totals
        }
        cursor.execute(_WORDS, {"users": list(report)})
        for user, word, count in cursor.fetchall():
            report[user]["logs"].append({"word": word, "count": count})
    return list(report.values())
