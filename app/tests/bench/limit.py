"""The limit: the same answers from psycopg and orjson by hand, one process, one connection, nothing around.

What any correct implementation does is done: token, scope, ban and epoch by one query that also reads the version of
the word list, moderation by the compiled matcher, todo and event in one transaction (a statement of its own is one).
"""

import hashlib
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
import psycopg
from django.conf import settings
from psycopg.rows import dict_row

from todo_app.common.uuid7 import uuid7
from todo_app.moderation.word_list import matcher

_AUTH = """
SELECT u.id, u.is_banned, u.ban_reason, u.session_epoch, t.epoch, t.scopes, t.last_used_on,
       (SELECT number FROM common_revision WHERE name = 'banned-words') AS words_version
FROM accounts_apitoken t JOIN accounts_user u ON u.id = t.user_id
WHERE t.digest = %s AND t.expires_on > %s AND t.revoked_on IS NULL
"""
_COLUMNS = (
    "id, owner_id, assignee_id, title, description, status, priority, tag_names AS tags, due_on, started_on,"
    " completed_on, created_on, updated_on, version"
)
_LIST = f"SELECT {_COLUMNS} FROM todos_todo WHERE owner_id = %s ORDER BY id DESC LIMIT 21"  # noqa: S608 - columns of ours
_CREATE = f"""
WITH made AS (
  INSERT INTO todos_todo (id, owner_id, title, description, status, priority, tag_names, created_on, updated_on,
                          version)
  VALUES (%(id)s, %(owner)s, %(title)s, %(description)s, 'open', 2, %(tags)s, %(now)s, %(now)s, 1) RETURNING {_COLUMNS}
), told AS (
  INSERT INTO outbox_event (id, type, key, payload, created_on)
  SELECT %(event)s, 'todo.created', id::text, %(payload)s::jsonb, created_on FROM made
)
SELECT * FROM made
"""  # noqa: S608 - columns of ours


def _connected() -> "psycopg.Connection[dict[str, Any]]":
    """One plain connection, as long as the process lives."""
    one = settings.DATABASES["default"]
    return psycopg.connect(
        host=one["HOST"],
        port=one["PORT"],
        dbname=one["NAME"],
        user=one["USER"],
        password=settings.SECRETS.read("database-password"),
        options="-c timezone=UTC",
        autocommit=True,
        row_factory=dict_row,
    )


def sides(*, token: str, body: bytes) -> tuple[Callable[[], bytes], Callable[[], bytes]]:
    """List and create, each by one user with one token."""
    opened = _connected()
    cursor = opened.cursor(binary=True)

    def caller(scope: str) -> dict[str, Any]:
        digest = hashlib.sha256(token.encode()).digest()
        cursor.execute(_AUTH, (digest, datetime.now(UTC)), prepare=True)
        found = cursor.fetchone()
        if found is None or found["is_banned"] or found["epoch"] != found["session_epoch"]:
            raise AssertionError("the token is refused")
        if scope not in found["scopes"]:
            raise AssertionError("the token may not do this")
        return found

    def listed() -> bytes:
        user = caller("todos:read")
        rows = cursor.execute(_LIST, (user["id"],), prepare=True).fetchall()
        more = len(rows) > 20
        return orjson.dumps({"data": rows[:20], "next": str(rows[19]["id"]) if more else None})

    def created() -> bytes:
        user, given, now = caller("todos:write"), orjson.loads(body), datetime.now(UTC)
        title, description = str(given["title"]).strip(), str(given.get("description", "")).strip()
        # as the service: as one text and across the seam, where a word may be split
        if matcher(seen_version=user["words_version"]).hits(f"{title}\n{description}", seams=(len(title),)):
            raise AssertionError("the text is refused")
        key: uuid.UUID = uuid7()
        values = {
            "id": key,
            "owner": user["id"],
            "tags": [],
            "title": title,
            "description": description,
            "now": now,
            "event": uuid7(),
            "payload": orjson.dumps({"id": str(key), "changed": _COLUMNS.split(", ")}).decode(),
        }
        return orjson.dumps(cursor.execute(_CREATE, values, prepare=True).fetchone())

    return listed, created
