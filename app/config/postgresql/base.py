"""What Django's backend does for each request, without a query."""

import select
from datetime import UTC, datetime
from functools import cache
from typing import Any

import psycopg
import psycopg.types.datetime
from django.db.backends.postgresql import base
from psycopg.abc import Buffer
from psycopg.adapt import AdaptersMap


class DatabaseWrapper(base.DatabaseWrapper):
    """A pooled connection is looked at, not asked, before it is used.

    Django's own check is an empty query: one more round trip for each request. A server that has ended a
    connection has also closed its socket, and that is seen without one.
    """

    def get_connection_params(self) -> dict[str, Any]:
        """With our loader of times."""
        params: dict[str, Any] = super().get_connection_params()
        if self.timezone is UTC:
            params["context"] = adapters(params["context"])
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> "psycopg.Connection[Any]":
        """A connection whose server has not hung up."""
        while True:
            connection: psycopg.Connection[Any] = super().get_new_connection(conn_params)
            if self.pool is None or quiet(connection):
                return connection
            connection.close()
            self.pool.putconn(connection)  # which replaces it


def quiet(connection: "psycopg.Connection[Any]") -> bool:
    """Whether the server has said nothing since; an idle one speaks only to hang up."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return not poll.poll(0)


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
