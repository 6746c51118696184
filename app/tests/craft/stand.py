"""The service in this process on real servers of its own, with rows."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import django
from django.core.management import call_command

from tests import servers

if TYPE_CHECKING:  # models cannot be imported before django.setup()
    from todo_app.accounts.models import User

SEED = """
INSERT INTO accounts_user (id, username, password, is_superuser, role, is_banned, ban_reason, violation_count,
                           session_epoch, created_on, updated_on)
    SELECT gen_random_uuid(), 'seed-' || n, '!', false, 'user', false, '', 0, 0, now() - interval '90 days', now()
    FROM generate_series(1, %(users)s) AS n;
CREATE TEMP TABLE seed_user AS
    SELECT id, row_number() OVER (ORDER BY username) - 1 AS n FROM accounts_user WHERE username LIKE 'seed-%%';
INSERT INTO todos_todo (id, owner_id, title, description, status, version, created_on, updated_on, tag_names)
    SELECT (lpad(to_hex(1700000000000 + i), 12, '0') || '7000a000000000000000')::uuid, u.id, 'todo ' || i,
           repeat('what is to be done ', 10), 'open', 1, now() - (%(todos)s - i) * interval '1 second', now(),
           ARRAY['home', 'work']
    FROM generate_series(1, %(todos)s) AS i
    JOIN seed_user u ON u.n = CASE WHEN i <= %(todos)s / 50 THEN 0 ELSE 1 + i %% (%(users)s - 1) END;
INSERT INTO todos_tag (id, owner_id, name, created_on)
    SELECT gen_random_uuid(), id, name, now() FROM seed_user, unnest(ARRAY['home', 'work']) AS name;
INSERT INTO todos_todotag (id, todo_id, tag_id, created_on)
    SELECT gen_random_uuid(), t.id, g.id, now() FROM todos_todo t JOIN todos_tag g ON g.owner_id = t.owner_id
    WHERE t.owner_id = (SELECT id FROM seed_user WHERE n = 0);
INSERT INTO outbox_event (id, type, key, payload, created_on, published_on)
    SELECT gen_random_uuid(), 'todo.created', gen_random_uuid()::text, '{}', now(),
           CASE WHEN i > 100 THEN now() END FROM generate_series(1, %(events)s) AS i;
INSERT INTO moderation_violation
    (id, user_id, subject_id, words, severity, text, spans, words_version, counted, created_on)
    SELECT gen_random_uuid(), u.id, gen_random_uuid(), ARRAY['w' || i %% 50, 'v' || i %% 7], 2, 'a refused text', '[]',
           1, true, now() + ((i %% 90) - 10) * interval '1 day'
    FROM generate_series(1, %(violations)s) AS i JOIN seed_user u ON u.n = i %% %(users)s;
"""


@dataclass(frozen=True, kw_only=True)
class Size:
    """How many rows."""

    users: int = 500
    todos: int = 100_000
    events: int = 100_000
    violations: int = 100_000


@contextmanager
def standing(*, size: Size | None = None) -> Iterator[servers.Servers]:
    """Servers, migrated service, rows; the process can do this once."""
    with servers.running() as running:
        os.environ.update(running.environment(), TODO_LOG_LEVEL="error", DJANGO_SETTINGS_MODULE="config.settings")
        django.setup()
        from django.db import connection

        call_command("bootstrap")
        if size is not None:
            with connection.cursor() as cursor:
                cursor.execute(f"SET statement_timeout = 0; {SEED}", vars(size))
                cursor.execute("ANALYZE")
        try:
            yield running
        finally:
            connection.close()
            connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL's wrapper has it


def seeded_user() -> "User":
    """The one with the oldest fiftieth of all todos."""
    from todo_app.accounts.models import User

    found: User = User.objects.filter(username__startswith="seed-").order_by("username")[0]
    return found
