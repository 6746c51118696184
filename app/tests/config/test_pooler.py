"""The service behind a real PgBouncer in transaction mode."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction
from django.utils import timezone

from config.database import LIMITS, database_settings
from tests import pooler
from tests.conftest import api
from tests.servers import Servers
from todo_app.accounts.models import User
from todo_app.outbox.models import Event
from todo_app.todos.models import Todo
from todo_app.todos.services import todo_create

pytestmark = [pytest.mark.integration, pytest.mark.skipif(bool(pooler.missing()), reason=pooler.missing() or "-")]


@pytest.fixture
def pooled(database: Servers) -> Iterator[int]:
    """The default connection goes through PgBouncer; its port."""
    alias = connections["default"]
    before = {name: alias.settings_dict[name] for name in ("PORT", "OPTIONS", "DISABLE_SERVER_SIDE_CURSORS")}
    with pooler.running(database) as port:
        given = database_settings(
            host="127.0.0.1", port=port, name="todo", user="todo", pool_max=20, pooler="transaction"
        )
        alias.close()
        alias.close_pool()  # type: ignore[attr-defined]  # PostgreSQL's wrapper has it
        alias.settings_dict.update({name: given[name] for name in before})
        try:
            yield port
        finally:
            alias.close()
            alias.close_pool()  # type: ignore[attr-defined]  # as above
            alias.settings_dict.update(before)


def backend() -> int:
    """The server process that runs the statement."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def test_twenty_clients_share_two_server_connections_without_an_error(pooled: int, user: User) -> None:
    client = api(user)

    def use(number: int) -> tuple[int, int, int]:
        try:
            made = client.post("/api/v1/todos", {"title": f"n {number}"}, content_type="application/json").status_code
            return made, client.get("/api/v1/todos").status_code, backend()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(use, range(60)))

    assert {(made, read) for made, read, _ in answers} == {(201, 200)}
    assert len({pid for *_, pid in answers}) <= 2
    assert Todo.objects.filter(owner=user).count() == 60


def test_a_write_and_its_event_are_one_transaction_behind_the_pooler(pooled: int, user: User) -> None:
    with transaction.atomic():
        todo = todo_create(owner=user, title="half", now=timezone.now())
        assert Event.objects.filter(key=str(todo.pk)).exists()
        transaction.set_rollback(True)

    assert not Todo.objects.filter(pk=todo.pk).exists()
    assert not Event.objects.filter(key=str(todo.pk)).exists()


def test_a_result_is_read_in_parts_without_a_server_side_cursor(pooled: int, user: User) -> None:
    for number in range(5):
        todo_create(owner=user, title=f"n {number}", now=timezone.now())

    assert len(list(Todo.objects.filter(owner=user).iterator(chunk_size=2))) == 5
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements")
        assert cursor.fetchone() == (0,)


def test_the_limits_hold_behind_the_pooler_because_the_role_has_them(pooled: int) -> None:
    with connection.cursor() as cursor:
        for limit, value in LIMITS.items():
            cursor.execute("SELECT current_setting(%s)", [limit])
            assert cursor.fetchone() == (value,)


def test_start_options_would_not_get_through(database: Servers) -> None:
    """The twin: with `options`, as without a pooler, PgBouncer refuses the connection."""
    import psycopg

    password = (database.secrets_dir / "database-password").read_text(encoding="utf-8")
    options = database_settings(host="", port=1, name="", user="", pool_max=1, pooler="none")["OPTIONS"]["options"]
    with pooler.running(database) as port, pytest.raises(psycopg.OperationalError, match="options"):
        psycopg.connect(
            host="127.0.0.1", port=port, user="todo", password=password, dbname="todo", options=options
        ).close()


def test_migrate_asks_for_a_direct_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "ENV", settings.ENV.model_copy(update={"database_pooler": "transaction"}))

    with pytest.raises(CommandError, match="needs TODO_DATABASE_POOLER=none"):
        call_command("bootstrap")
