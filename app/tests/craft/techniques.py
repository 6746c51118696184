"""Each technique beside what it replaces: two ways to the same answer, on the same rows."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection, connections, transaction
from django.utils import timezone

from tests.craft.stand import seeded_user
from todo_app.accounts.models import ApiToken, User
from todo_app.accounts.selectors import token_by_digest
from todo_app.accounts.services import token_create
from todo_app.common.paging import page_newest_first, rows_newest_first
from todo_app.moderation.models import BannedWord
from todo_app.moderation.reports import violations_by_user
from todo_app.outbox.selectors import events_next
from todo_app.todos.models import Todo
from todo_app.todos.models.todo import TodoQuerySet
from todo_app.todos.selectors import COLUMNS, todos_of

Way = Callable[[], object]


@dataclass(frozen=True, kw_only=True)
class Technique:
    """`used` is what the service does at `where`, `without` what it would do otherwise; `dropped` indexes are
    missing while `without` runs.
    """

    name: str
    where: str
    used: Way
    without: Way
    dropped: tuple[str, ...] = ()
    note: str = ""


@contextmanager
def dropped(indexes: tuple[str, ...]) -> Iterator[None]:
    """Without these indexes, until the end of the block."""
    if not indexes:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            for index in indexes:
                cursor.execute(f"DROP INDEX {index}")
        yield
        transaction.set_rollback(True)


def indexes() -> list[Technique]:
    """Composite and partial."""
    user, now = seeded_user(), timezone.now()

    def page() -> object:
        return page_newest_first(todos_of(owner=user), cursor=None, limit=20)

    def events() -> object:
        return events_next(limit=100, now=now)

    return [
        Technique(
            name="composite index (owner, -id)",
            where="todos/models/todo.py Todo.Meta, read by todos/selectors.py todos_of",
            used=page,
            without=page,
            dropped=("todo_by_owner",),
            note="without: Django's index of the foreign key alone, and a sort",
        ),
        Technique(
            name="partial index of unpublished events",
            where="outbox/models.py Event.Meta, read by outbox/selectors.py events_next",
            used=events,
            without=events,
            dropped=("outbox_next", "outbox_waiting"),
        ),
    ]


def rows() -> list[Technique]:
    """How many queries, and what is made of a row."""
    user, now = seeded_user(), timezone.now()
    digest = bytes(token_create(user=user, name="craft", now=now).row.digest)

    def newest() -> TodoQuerySet:
        return Todo.objects.owned_by(user).order_by("-pk")[:20]

    def in_two() -> object:
        token = ApiToken.objects.get(digest=digest, expires_on__gt=now, revoked_on__isnull=True)
        return User.objects.get(pk=token.user_id)

    def tags_each() -> list[list[str]]:
        return [[tag.name for tag in todo.tags.all()] for todo in newest()]

    def tags_prefetched() -> list[list[str]]:
        return [[tag.name for tag in todo.tags.all()] for todo in newest().prefetch_related("tags")]

    def tags_in_row() -> list[list[str]]:
        return [row["tag_names"] for row in todos_of(owner=user).order_by("-pk")[:20]]

    return [
        Technique(
            name="select_related",
            where="accounts/selectors.py token_by_digest",
            used=lambda: token_by_digest(digest=digest, now=now),
            without=in_two,
        ),
        Technique(
            name="prefetch_related instead of a query a row",
            where="measured to choose the next line",
            used=tags_prefetched,
            without=tags_each,
            note="the tags of 20 todos",
        ),
        Technique(
            name="array column instead of prefetch_related",
            where="todos/models/todo.py Todo.tag_names, read by todos/selectors.py todos_of",
            used=tags_in_row,
            without=tags_prefetched,
            note="the tags of 20 todos",
        ),
        Technique(
            name="values() instead of instances",
            where="todos/selectors.py todos_of",
            used=lambda: list(todos_of(owner=user).order_by("-pk")[:20]),
            without=lambda: [{name: getattr(todo, name) for name in COLUMNS} for todo in newest()],
            note="14 names resolved a call, which 20 rows do not win back; kept: rows go to the renderer as they are",
        ),
        Technique(
            name="only() instead of whole instances",
            where="measured and not taken: values() of the same columns costs less",
            used=lambda: list(newest().only("id", "title", "status")),
            without=lambda: list(newest()),
        ),
        Technique(
            name="defer() of the long text",
            where="measured and not taken: lists show the description",
            used=lambda: list(newest().defer("description")),
            without=lambda: list(newest()),
        ),
        Technique(
            name="values_list() instead of instances",
            where="moderation/selectors.py words_snapshot",
            used=lambda: list(BannedWord.objects.values_list("word", "severity", "kind")),
            without=lambda: [(word.word, word.severity, word.kind) for word in BannedWord.objects.all()],
            note="5,000 words",
        ),
    ]


def evaluation() -> list[Technique]:
    """When and how often a queryset is read."""
    user = seeded_user()

    def counted_page() -> object:
        found = todos_of(owner=user).order_by("-pk")
        return found.count() > 20, list(found[:20])

    def twice() -> object:
        found = todos_of(owner=user).order_by("-pk")[:21]
        return len(found.all()) > 20, list(found.all())

    return [
        Technique(
            name="lazy slice of one row more instead of count()",
            where="common/paging.py page_newest_first",
            used=lambda: page_newest_first(todos_of(owner=user), cursor=None, limit=20),
            without=counted_page,
        ),
        Technique(
            name="one evaluation kept in a list",
            where="common/paging.py page_newest_first (found)",
            used=lambda: page_newest_first(todos_of(owner=user), cursor=None, limit=20),
            without=twice,
            note="without: the queryset is asked for its length and then again for its rows",
        ),
        Technique(
            name="exists() instead of count()",
            where="moderation/bootstrap.py first_rows_create",
            used=BannedWord.objects.exists,
            without=lambda: BannedWord.objects.count() > 0,
            note="5,000 words",
        ),
        Technique(
            name="pages instead of iterator()",
            where="common/paging.py rows_newest_first, for the CSV export",
            used=lambda: sum(1 for _ in rows_newest_first(todos_of(owner=user))),
            without=lambda: sum(1 for _ in todos_of(owner=user).order_by("-pk").iterator(chunk_size=500)),
            note="not for speed: iterator() needs a server-side cursor, which a transaction pooler breaks",
        ),
    ]


LOG = """
WITH page AS (SELECT user_id, count(*) AS total FROM moderation_violation GROUP BY user_id ORDER BY user_id LIMIT 50)
SELECT page.user_id, word, count(*), total FROM page JOIN moderation_violation v USING (user_id)
CROSS JOIN unnest(v.words) AS word GROUP BY 1, 2, 4 ORDER BY 1, 3 DESC, 2
"""
MONTH = "created_on >= date_trunc('month', now()) AND created_on < date_trunc('month', now()) + interval '1 month'"


def database() -> list[Technique]:
    """Counters, partitions, connections."""

    def asked(statement: str) -> Way:
        def ask() -> object:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall()

        return ask

    plain = "moderation_violation_plain"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {plain} AS SELECT * FROM moderation_violation")  # noqa: S608 - a name made here
        cursor.execute(f"ANALYZE {plain}")
    return [
        Technique(
            name="counters instead of counting",
            where="moderation/migrations/0007_counters_filled.py, read by moderation/reports.py violations_by_user",
            used=lambda: violations_by_user(after=None, limit=50),
            without=asked(LOG),
            note="a report page of 50 users over 100,000 violations",
        ),
        Technique(
            name="partition pruning",
            where="moderation/partitions.py partitions_maintain",
            used=asked(f"SELECT count(*) FROM moderation_violation WHERE {MONTH}"),  # noqa: S608 - made here
            without=asked(f"SELECT count(*) FROM {plain} WHERE {MONTH}"),  # noqa: S608 - made here
            note="one month of the log; without: the same rows in one table",
        ),
        Technique(
            name="pool instead of CONN_MAX_AGE=0",
            where="config/database.py database_settings",
            used=pooled,
            without=unpooled,
            note="a query on a connection of its own, as a request makes",
        ),
    ]


def pooled() -> object:
    """Take from the pool, ask, give back."""
    connection.close()
    return User.objects.filter(pk=uuid.UUID(int=0)).exists()


def unpooled() -> object:
    """Connect, ask, hang up."""
    from django.conf import settings

    alias = connections["default"]
    kept = alias.settings_dict
    options = {name: value for name, value in kept["OPTIONS"].items() if name != "pool"}
    connection.close()
    alias.settings_dict = {**kept, "OPTIONS": options, "PASSWORD": settings.SECRETS.read("database-password")}
    try:
        return User.objects.filter(pk=uuid.UUID(int=0)).exists()
    finally:
        connection.close()
        alias.settings_dict = kept


def all_techniques() -> list[Technique]:
    """In the order of the table."""
    words = [("word" + str(uuid.uuid4().int)[:12], 2, "literal") for _ in range(5_000)]
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO moderation_bannedword (id, word, folded, severity, kind, created_on, updated_on)"
            " VALUES (gen_random_uuid(), %s, %s, %s, %s, now(), now())",
            [(word, word, severity, kind) for word, severity, kind in words],
        )
    return [*indexes(), *rows(), *evaluation(), *database()]
