"""Data migrations both ways: rows of before have the right values after it, and the right ones again on the way back."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.apps.registry import Apps
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from tests.migrations.load import database_alias
from tests.servers import ROLE, Servers
from todo_app.accounts.scopes import Scope
from todo_app.common.shards import on_shard
from todo_app.moderation.entries import entry_key

pytestmark = pytest.mark.integration
To = Callable[[str, str], Apps]


@pytest.fixture
def to(servers: Servers) -> Iterator[To]:
    """Migrate one app of an empty database to a migration; returns the models of that moment."""

    def migrate(app: str, number: str) -> Apps:
        executor = MigrationExecutor(connection)
        (name,) = [key for label, key in executor.loader.disk_migrations if label == app and key.startswith(number)]
        state: Any = executor.migrate([(app, name)])
        apps: Apps = state.apps
        return apps

    servers.psql(f"CREATE DATABASE todo_values OWNER {ROLE}")
    try:
        with database_alias(servers, "todo_values") as alias, on_shard(alias):
            yield migrate
            connection.close()
    finally:
        servers.psql("DROP DATABASE todo_values WITH (FORCE)")


def user_in(apps: Apps, name: str = "ann") -> Any:  # noqa: ANN401 - a historical model
    """A user."""
    return apps.get_model("accounts", "User").objects.create(username=name, password="!")  # noqa: S106 - no password


def table(statement: str) -> list[tuple[Any, ...]]:
    """The answer of one statement."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


def test_words_get_their_folded_form_and_doubles_go(to: To) -> None:
    words = to("moderation", "0002").get_model("moderation", "BannedWord").objects
    for number, (word, severity) in enumerate((("casino", 2), ("Casino", 3), ("!!!", 3), ("Other", 1))):
        words.create(word=word, severity=severity, created_on=datetime(2026, 1, 1 + number, tzinfo=UTC))
    wanted = [("Casino", 3), ("Other", 1)]

    to("moderation", "0003")
    read = "SELECT word, severity, folded FROM moderation_bannedword ORDER BY word"
    assert table(read) == [(word, severity, entry_key(word)) for word, severity in wanted]
    to("moderation", "0002")
    assert table("SELECT word, severity FROM moderation_bannedword ORDER BY word") == wanted
    to("moderation", "0003")
    assert table(read) == [(word, severity, entry_key(word)) for word, severity in wanted]


def test_a_cut_run_over_many_words_is_finished_by_the_next(to: To) -> None:
    made = to("moderation", "0002").get_model("moderation", "BannedWord")
    made.objects.bulk_create([made(word=f"Word {number}", severity=1) for number in range(2500)])
    with connection.cursor() as cursor:  # as a run leaves it that ends after its first batch
        cursor.execute("ALTER TABLE moderation_bannedword ADD COLUMN folded varchar(200)")
        cursor.execute("UPDATE moderation_bannedword SET folded = lower(word) WHERE word LIKE 'Word 1%'")
    by_row: list[str] = []

    def watched(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: ANN401 - Django's signature
        by_row.extend([sql] if "SET folded" in sql else [])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watched):
        to("moderation", "0003")

    assert table("SELECT count(*), count(DISTINCT folded) FROM moderation_bannedword") == [(2500, 2500)]
    assert table("SELECT count(*) FROM moderation_bannedword WHERE folded <> lower(word)") == [(0,)]
    assert len(by_row) == 2, "batches of 1000, of what was left to do"
    to("moderation", "0002")
    assert table("SELECT count(*) FROM moderation_bannedword") == [(2500,)]


TOTALS = "SELECT u.username, t.total FROM moderation_usertotal t JOIN accounts_user u ON u.id = t.user_id ORDER BY 1"
WORDS = (
    "SELECT u.username, t.word, t.count FROM moderation_userwordcount t JOIN accounts_user u ON u.id = t.user_id"
    " ORDER BY 1, 2"
)
DAYS = "SELECT word, day::text, sum(count)::int FROM moderation_daycount GROUP BY 1, 2 ORDER BY 2, 1"
LOG = "SELECT id, user_id, words, severity, text, spans, created_on, counted FROM moderation_violation ORDER BY id"


def violation(apps: Apps, user: Any, words: list[str], day: int) -> None:  # noqa: ANN401 - a historical model
    """One of the log."""
    apps.get_model("moderation", "Violation").objects.create(
        user_id=user.pk,
        subject_id=user.pk,
        words=words,
        severity=2,
        text=" ".join(words),
        spans=[[0, 3]],
        words_version=1,
        created_on=datetime(2026, 3, day, 23, 30, tzinfo=UTC),
    )


def test_the_log_keeps_its_rows_and_its_counters_equal_it(to: To) -> None:
    apps = to("moderation", "0004")
    ann, tom = user_in(apps), user_in(apps, "tom")
    for user, words, day in ((ann, ["bad"], 1), (ann, ["bad", "worse"], 2), (tom, ["worse"], 2)):
        violation(apps, user, words, day)
    apps.get_model("moderation", "BannedWord").objects.create(word="bad", folded="bad")
    log = table(LOG)

    to("moderation", "0005")
    assert table(LOG) == log
    apps = to("moderation", "0006")
    assert table("SELECT word, kind FROM moderation_bannedword") == [("bad", "literal")]
    assert (table(TOTALS), table(WORDS), table(DAYS)) == ([], [], [])
    apps = to("moderation", "0007")
    assert table(TOTALS) == [("ann", 2), ("tom", 1)]
    assert table(WORDS) == [("ann", "bad", 2), ("ann", "worse", 1), ("tom", "worse", 1)]
    assert table(DAYS) == [
        ("", "2026-03-01", 1), ("bad", "2026-03-01", 1),
        ("", "2026-03-02", 2), ("bad", "2026-03-02", 1), ("worse", "2026-03-02", 2),
    ]  # fmt: skip
    violation(apps, tom, ["bad"], 3)
    assert table(TOTALS) == [("ann", 2), ("tom", 2)]
    counted, longer = (table(TOTALS), table(WORDS), table(DAYS)), table(LOG)

    to("moderation", "0006")
    assert (table(TOTALS), table(WORDS), table(DAYS), table(LOG)) == ([], [], [], longer)
    to("moderation", "0004")
    assert table(LOG) == longer
    assert table("SELECT word, folded FROM moderation_bannedword") == [("bad", "bad")]
    to("moderation", "0007")
    assert (table(TOTALS), table(WORDS), table(DAYS)) == counted
    assert table(LOG) == longer


def test_tokens_of_before_may_what_they_could_and_end_with_the_next_ban(to: To) -> None:
    apps = to("accounts", "0001")
    user, now = user_in(apps), timezone.now()
    apps.get_model("accounts", "ApiToken").objects.create(
        user=user, name="cli", digest=b"d" * 32, expires_on=now + timedelta(days=1)
    )
    kept = table("SELECT id, name, digest, expires_on FROM accounts_apitoken")
    read = "SELECT t.scopes, t.epoch, u.session_epoch FROM accounts_apitoken t JOIN accounts_user u ON u.id = t.user_id"
    everything = [scope.value for scope in Scope]

    for number in ("0002", "0003"):
        to("accounts", number)
        ((scopes, *epochs),) = table(read)
        assert (sorted(scopes), epochs) == (sorted(everything), [0, 0])
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_user SET is_banned = true, ban_reason = 'x', banned_on = now()")
    assert [row[1:] for row in table(read)] == [(0, 1)]

    to("accounts", "0001")
    assert table("SELECT id, name, digest, expires_on FROM accounts_apitoken") == kept
    assert table("SELECT username, is_banned, ban_reason FROM accounts_user") == [("ann", True, "x")]
    to("accounts", "0003")
    ((scopes, *epochs),) = table(read)
    assert (sorted(scopes), epochs) == (sorted(everything), [0, 0])


def test_todos_of_before_get_plain_values_and_keep_their_own(to: To) -> None:
    apps = to("todos", "0001")
    user, todos = user_in(apps), apps.get_model("todos", "Todo").objects
    begun = timezone.now() - timedelta(days=1)
    todos.create(owner=user, title="open")
    todos.create(owner=user, title="begun", status="in_progress", started_on=begun, created_on=begun, version=3)
    old = "SELECT id, owner_id, title, description, status, started_on, version FROM todos_todo ORDER BY title"
    new = "SELECT assignee_id, due_on, priority, tag_names FROM todos_todo ORDER BY title"
    kept, plain = table(old), [(None, None, 2, [])] * 2

    for number in ("0002", "0003"):
        apps = to("todos", number)
        assert (table(old), table(new)) == (kept, plain)
    apps.get_model("todos", "Todo").objects.filter(title="open").update(
        assignee=user.pk, due_on=timezone.now() + timedelta(days=1), priority=4, tag_names=["home"]
    )
    to("todos", "0001")
    assert table(old) == kept
    to("todos", "0003")
    assert (table(old), table(new)) == (kept, plain)


def test_events_of_before_come_before_all_later_ones_in_their_order(to: To) -> None:
    events = to("outbox", "0001").get_model("outbox", "Event").objects
    for number in range(4):
        events.create(type="todo.created", key="k", payload={"n": number})
    events.filter(payload={"n": 0}).update(published_on=timezone.now())
    old = "SELECT id, type, key, payload, published_on, created_on FROM outbox_event ORDER BY id"
    kept = table(old)

    to("outbox", "0002")
    assert table("SELECT DISTINCT position, attempts, error, next_try_on, dead_on FROM outbox_event") == [
        (None, 0, "", None, None)
    ]
    events.create(type="todo.updated", key="k", payload={"n": 4})  # by code that knows no position
    to("outbox", "0003")
    first = table("SELECT id, position FROM outbox_event ORDER BY position")
    assert [row[0] for row in first] == [row[0] for row in table(old)]
    assert [position <= 0 for _, position in first] == [True] * 4 + [False]

    to("outbox", "0002")
    assert table("SELECT id, position FROM outbox_event ORDER BY position") == first
    to("outbox", "0001")
    assert table(old)[:4] == kept
    to("outbox", "0003")
    again = table("SELECT id, position FROM outbox_event ORDER BY position")
    assert [row[0] for row in again] == [row[0] for row in first]
    assert len({position for _, position in again}) == 5
