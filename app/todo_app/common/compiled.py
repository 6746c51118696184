"""Queries that every request makes: compiled to SQL once, run with other values from then on.

The ORM takes longer to write such a query than PostgreSQL to answer it (docs/performance); it still writes it here,
so renamed columns and changed models are followed.
"""

from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any

from django.db import NotSupportedError, connections
from django.db.models import QuerySet

Rows = list[tuple[Any, ...]]


class Compiled:
    """A `.values_list()` query with named values, each of which has to differ from the others in `examples`.

    Run on the database that the queryset chooses; a value that changes the shape of the SQL (None, a list) needs a
    query of its own.
    """

    def __init__(self, build: Callable[..., "QuerySet[Any, Any]"], **examples: object) -> None:
        self._build, self._examples = build, examples
        self._lock = Lock()
        self._run: dict[str, Callable[[dict[str, object]], Rows]] = {}

    def rows(self, *, using: str = "default", **values: object) -> Rows:
        """The rows for these values."""
        run = self._run.get(using)
        if run is None:
            with self._lock:
                run = self._run.setdefault(using, self._compiled(using))
        return run(values)

    def _compiled(self, using: str) -> Callable[[dict[str, object]], Rows]:
        query = self._build(**self._examples).query
        compiler = query.get_compiler(using=using)
        sql, parameters = compiler.as_sql()
        converters = compiler.get_converters([column for column, _sql, _alias in compiler.select])
        order = _order(parameters, self._examples)

        def run(values: dict[str, object]) -> Rows:
            rows = _fetched(using, sql, [values[name] if name else fixed for name, fixed in order])
            return [tuple(row) for row in compiler.apply_converters(rows, converters)] if converters else rows

        return run


def _fetched(using: str, sql: str, parameters: list[object]) -> Rows:
    """By a prepared statement; when a migration has changed a column's type since, once more on a new connection."""
    connection: Any = connections[using]  # config.postgresql
    try:
        return _once(connection, sql, parameters)
    except NotSupportedError:
        if connection.in_atomic_block:
            raise
        connection.connection.close()
        connection.close()  # the pool replaces it
        return _once(connection, sql, parameters)


def _once(connection: Any, sql: str, parameters: list[object]) -> Rows:  # noqa: ANN401 - the stubs know only Django's
    with connection.prepared_cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: Rows = cursor.fetchall()
        return rows


def _order(parameters: Sequence[object], examples: dict[str, object]) -> list[tuple[str, object]]:
    """For each place of the SQL the name of the value that goes there, or what always does."""
    plain = [getattr(parameter, "obj", parameter) for parameter in parameters]  # bytes come wrapped
    order = [(next((name for name, example in examples.items() if example == value), ""), value) for value in plain]
    if missing := set(examples) - {name for name, _ in order}:
        raise ValueError(f"the query does not use {', '.join(sorted(missing))}")
    return order
