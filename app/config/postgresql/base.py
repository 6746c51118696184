"""What Django's backend does for each request, without a query."""

import select
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any, Self

import psycopg
import psycopg.types.datetime
from django.db.backends.postgresql import base, operations
from psycopg.abc import Buffer, Params
from psycopg.adapt import AdaptersMap
from psycopg.pq import Format

from config.database import RotatingConnection


class DatabaseOperations(operations.DatabaseOperations):
    """What a query log shows: of a prepared statement psycopg knows no values, and no text when it runs it again."""

    def last_executed_query(self, cursor: Any, sql: str, params: Any) -> str:  # noqa: ANN401 - Django's signature
        """With its values."""
        if isinstance(cursor, PreparedCursor):
            return str(self.compose_sql(sql, params))
        return str(super().last_executed_query(cursor, sql, params))


class DatabaseWrapper(base.DatabaseWrapper):
    """A pooled connection is looked at, not asked, before it is used.

    Django's own check is an empty query: one more round trip for each request. A server that has ended a
    connection has also closed its socket, and that is seen without one.
    """

    ops_class = DatabaseOperations

    @property
    def lasting(self) -> bool:
        """Whether the next statement runs on the same server connection: not behind a pooler of transactions."""
        return not self.settings_dict["DISABLE_SERVER_SIDE_CURSORS"]

    def prepared_cursor(self) -> Any:  # noqa: ANN401 - Django's wrapper of a cursor
        """One that prepares its statements, so that PostgreSQL plans each once for a connection, where that lasts."""
        if not self.lasting:
            return self.cursor()
        self.ensure_connection()
        return self._prepare_cursor(PreparedCursor(self.connection))  # type: ignore[attr-defined]  # the stubs leave it out

    @contextmanager
    def together(self) -> Iterator[None]:
        """Within, statements whose answers nobody reads are sent without waiting for each other, BEGIN included.

        For writes of one transaction: what PostgreSQL refuses is raised at the end, still inside it.
        """
        if not (self.lasting and self.in_atomic_block):
            yield
            return
        self.ensure_connection()
        with self.wrap_database_errors, self.connection.pipeline():
            yield

    def get_connection_params(self) -> dict[str, Any]:
        """With our loader of times."""
        params: dict[str, Any] = super().get_connection_params()
        if self.timezone is UTC:
            params["context"] = adapters(params["context"])
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> "psycopg.Connection[Any]":
        """A connection whose server has not hung up, and whose login is the one of today."""
        while True:
            connection: psycopg.Connection[Any] = super().get_new_connection(conn_params)
            if self.pool is None or (quiet(connection) and current(connection)):
                return connection
            connection.close()
            self.pool.putconn(connection)  # which replaces it


class PreparedCursor(base.CursorMixin, psycopg.Cursor[Any]):
    """Prepares at the first use; psycopg keeps the 100 last used of a connection.

    Values come in the binary format, which psycopg reads in C.
    """

    def __init__(self, connection: "psycopg.Connection[Any]") -> None:
        super().__init__(connection)
        self.format = Format.BINARY

    def execute(self, query: Any, params: Params | None = None, **options: Any) -> Self:  # noqa: ANN401 - psycopg's signature, passed on
        """With values bound by the server. Django's other cursors never prepare: the threshold is for this one."""
        self.connection.prepare_threshold = 0
        try:
            return super().execute(query, params, **options)
        finally:
            self.connection.prepare_threshold = None


def quiet(connection: "psycopg.Connection[Any]") -> bool:
    """Whether the server has said nothing since; an idle one speaks only to hang up."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return not poll.poll(0)


def current(connection: "psycopg.Connection[Any]") -> bool:
    """Whether it was made with today's login; Vault ends the connections of an earlier one soon."""
    return not isinstance(connection, RotatingConnection) or connection.current()


@cache
def adapters(template: AdaptersMap) -> AdaptersMap:
    """Django's, but for times."""
    ours = AdaptersMap(template)
    ours.register_loader("timestamptz", UtcLoader)
    return ours


class UtcLoader(psycopg.types.datetime.TimestamptzLoader):
    """`timestamptz` as an aware time in UTC, five times as fast as by psycopg's regular expression."""

    timezone = UTC  # Django compares it with the one it wants

    def load(self, data: Buffer) -> datetime:
        """Python reads what PostgreSQL writes for times from year 1 to 9999, psycopg the rest (and refuses some)."""
        try:
            return datetime.fromisoformat(str(data, "ascii"))
        except ValueError:
            return super().load(data).replace(tzinfo=UTC)
