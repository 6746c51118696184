"""Reading the list of words and the log."""

import uuid
from typing import Any

from django.db import connection
from django.db.models import QuerySet, Subquery

from todo_app.common.models import Revision
from todo_app.common.shards import on_directory
from todo_app.moderation.entries import BannedEntry
from todo_app.moderation.models import WORDS_REVISION, BannedWord, Flag, Violation

# from the version, so that an empty list has one, too
_SNAPSHOT = """
    SELECT r.number, w.word, w.severity, w.kind
    FROM common_revision r LEFT JOIN moderation_bannedword w ON true WHERE r.name = %s
"""


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
    with connection.cursor() as cursor:
        cursor.execute(_SNAPSHOT, [WORDS_REVISION])
        rows = cursor.fetchall()
    if not rows:
        raise Revision.DoesNotExist(WORDS_REVISION)
    return rows[0][0], [BannedEntry(word, severity, kind) for _, word, severity, kind in rows if word is not None]


def banned_words() -> QuerySet[BannedWord, Any]:
    """The list as rows."""
    return BannedWord.objects.values("id", "word", "kind", "severity", "created_on")


def violations(*, user_id: uuid.UUID | None = None, word: str | None = None) -> QuerySet[Violation, Any]:
    """The log as rows, of one user or of all; with `word` those that hold it."""
    rows = Violation.objects.filter(user_id=user_id) if user_id else Violation.objects.all()
    rows = rows.filter(words__contains=[word]) if word else rows
    columns = ("id", "user_id", "user__username", "user__is_banned", "subject_id", "words", "severity", "text", "spans")
    found: QuerySet[Violation, Any] = rows.values(*columns, "words_version", "counted", "created_on")
    return found


def flags() -> QuerySet[Flag, Any]:
    """Stored texts that the list refuses, as rows."""
    columns = ("id", "user_id", "user__username", "subject_id", "words", "severity", "text", "spans", "words_version")
    rows: QuerySet[Flag, Any] = Flag.objects.values(*columns, "created_on")
    return rows
