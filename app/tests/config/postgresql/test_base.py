"""The engine: times as Django reads them, and a connection that died while idle is replaced unseen."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DataError, OperationalError, connection, transaction
from psycopg.types.datetime import TimestamptzLoader

from config.postgresql import base
from tests.servers import Servers

pytestmark = pytest.mark.integration
TEXTS = (
    "2026-11-21 03:25:07.123456+00",
    "2026-11-21 03:25:07+00",
    "2026-11-21 03:25:07.1+00",
    "0001-01-01 00:00:00+00",
)


def read(text: str) -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz", [text])
        row = cursor.fetchone()
    assert row
    found: datetime = row[0]
    return found


@pytest.mark.parametrize("text", TEXTS)
def test_a_prepared_cursor_reads_the_same_times(text: str, database: Servers) -> None:
    with connection.prepared_cursor() as cursor:  # type: ignore[attr-defined]  # our engine has it
        cursor.execute("SELECT %s::text::timestamptz", [text])
        (found,) = cursor.fetchone()
    assert (found, found.utcoffset()) == (read(text), timedelta())


def test_statements_sent_together_are_refused_together(database: Servers) -> None:
    reached = []

    def send() -> None:
        with connection.together():  # type: ignore[attr-defined]  # as above
            with connection.prepared_cursor() as cursor:  # type: ignore[attr-defined]  # as above
                cursor.execute("SELECT 1 / %s", [0])
            reached.append("the statement did not wait for its answer")
        reached.append("the block did not wait")

    with pytest.raises(DataError), transaction.atomic():
        send()
    assert reached == ["the statement did not wait for its answer"]
    assert one()


@pytest.mark.parametrize("text", TEXTS)
def test_times_are_read_as_psycopg_reads_them(text: str, database: Servers) -> None:
    slow = TimestamptzLoader(1184).load(text.encode())
    assert (read(text), read(text).tzinfo) == (slow, UTC)


def test_a_time_python_has_none_for_is_an_error_not_another_time(database: Servers) -> None:
    with pytest.raises(DataError):
        read("10000-01-01 00:00:00+00")


def kill_idle(servers: Servers) -> None:
    """Give the connection back and have the server end all of them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    connection.close()
    servers.psql("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'todo-app'")


def one() -> object:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz", [datetime(2026, 1, 1, tzinfo=UTC)])
        return cursor.fetchone()


def test_a_connection_killed_while_idle_costs_nothing(database: Servers) -> None:
    for _ in range(5):
        kill_idle(database)
        assert one()


def test_without_the_look_it_would_be_a_failed_request(database: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin."""
    monkeypatch.setattr(base, "quiet", lambda _: True)
    kill_idle(database)
    with pytest.raises(OperationalError):
        one()
    connection.close()
