"""Copying, comparing and deleting a user's rows; raw SQL, because events and judgements of `save()` belong to facts
and a move is none.
"""

import uuid
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql

from todo_app.outbox.models import Event
from todo_app.shards.tables import UserTable, user_tables

POSITION = "position"  # counted by each database; the target gives new ones in the same order
EVENTS = Event._meta.db_table  # noqa: SLF001 - _meta is Django's documented API
KEPT_BY_STUBS = {"id", "username", "created_on", "updated_on"}


class CopyDiffers(Exception):
    """Source and target do not hold the same; nothing was switched."""


def rows_copy(source: BaseDatabaseWrapper, target: BaseDatabaseWrapper, user_id: uuid.UUID) -> None:
    """All tables, in PostgreSQL's own binary form."""
    for table in user_tables():
        _stream(source, target, table.name, columns=table.columns, where=table.where(), parameter=user_id)


def events_copy(source: BaseDatabaseWrapper, target: BaseDatabaseWrapper, user_id: uuid.UUID) -> None:
    """Unpublished events of the user's rows go along, so that events of one key leave by one relay, in order."""
    keys = _event_keys(source, user_id)
    columns = tuple(str(field.column) for field in Event._meta.concrete_fields if field.column != POSITION)  # noqa: SLF001 - see EVENTS
    with target.cursor() as cursor:
        cursor.execute(f'DELETE FROM "{EVENTS}" WHERE published_on IS NULL AND key = ANY(%s)', [keys])  # noqa: S608 - a table's name
    where = "published_on IS NULL AND key = ANY(%s) ORDER BY position"
    _stream(source, target, EVENTS, columns=columns, where=where, parameter=keys)


def rows_delete(database: BaseDatabaseWrapper, user_id: uuid.UUID) -> None:
    """Everything but the user's own row, children first; the unpublished events too."""
    _moving(database, user_id)
    keys = _event_keys(database, user_id)
    with database.cursor() as cursor:
        cursor.execute(f'DELETE FROM "{EVENTS}" WHERE published_on IS NULL AND key = ANY(%s)', [keys])  # noqa: S608 - a table's name
        for table in reversed(user_tables()[1:]):
            cursor.execute(f'DELETE FROM "{table.name}" WHERE {table.where()}', [user_id])  # noqa: S608 - names of tables and columns


def stub_leave(database: BaseDatabaseWrapper, user_id: uuid.UUID) -> None:
    """Leave of the user's row what others refer to: key and name; nothing to sign in with."""
    values = _stub_values(user_tables()[0].model)
    names = ", ".join(f'"{name}" = %s' for name in values)
    with database.cursor() as cursor:
        cursor.execute(f'UPDATE "{user_tables()[0].name}" SET {names} WHERE id = %s', [*values.values(), user_id])  # noqa: S608 - names of columns


def stub_make(source: BaseDatabaseWrapper, target: BaseDatabaseWrapper, user_ids: list[uuid.UUID]) -> None:
    """Rows for users of other databases whom rows of the target refer to."""
    table = user_tables()[0]
    values = _stub_values(table.model)
    kept = sorted(KEPT_BY_STUBS)
    with source.cursor() as reading, target.cursor() as writing:
        reading.execute(f'SELECT {", ".join(kept)} FROM "{table.name}" WHERE id = ANY(%s)', [user_ids])  # noqa: S608 - names of columns
        columns = ", ".join(f'"{name}"' for name in (*kept, *values))
        marks = ", ".join(["%s"] * (len(kept) + len(values)))
        for row in reading.fetchall():
            writing.execute(
                f'INSERT INTO "{table.name}" ({columns}) VALUES ({marks}) ON CONFLICT (id) DO NOTHING',  # noqa: S608 - names of columns
                [*row, *values.values()],
            )


def stubs_make(source: BaseDatabaseWrapper, target: BaseDatabaseWrapper, user_id: uuid.UUID) -> None:
    """For the moved user's references; and room for its own row."""
    users: set[uuid.UUID] = set()
    with source.cursor() as cursor:
        for table in user_tables():
            for column in table.references:
                cursor.execute(
                    f'SELECT DISTINCT "{column}" FROM "{table.name}" WHERE "{column}" IS NOT NULL AND {table.where()}',  # noqa: S608 - names
                    [user_id],
                )
                users |= {row[0] for row in cursor.fetchall()}
    stub_make(source, target, sorted(users - {user_id}))
    with target.cursor() as cursor:  # the stub that others refer to; keys are checked at the end of the transaction
        cursor.execute(f'DELETE FROM "{user_tables()[0].name}" WHERE id = %s', [user_id])  # noqa: S608 - a table's name


def verify(source: BaseDatabaseWrapper, target: BaseDatabaseWrapper, user_id: uuid.UUID) -> dict[str, int]:
    """Rows by table, after comparing numbers and checksums. Raises CopyDiffers."""
    found = {}
    for table in user_tables():
        here, there = (_sum(database, table, user_id) for database in (source, target))
        if here != there:
            raise CopyDiffers(f"{table.name}: {here[0]} rows at the source, {there[0]} at the target, or not the same")
        found[table.name] = here[0]
    keys = _event_keys(source, user_id)
    here, there = (_events_sum(database, keys) for database in (source, target))
    if here != there:
        raise CopyDiffers(f"{EVENTS}: {here[0]} events at the source, {there[0]} at the target, or not the same")
    found[EVENTS] = here[0]
    return found


def _sum(database: BaseDatabaseWrapper, table: UserTable, user_id: uuid.UUID) -> tuple[int, str]:
    columns = ", ".join(f'"{column}"' for column in table.columns)
    rows = f'SELECT {columns} FROM "{table.name}" WHERE {table.where()}'  # noqa: S608 - names of tables and columns
    return _digest(database, rows, user_id)


def _events_sum(database: BaseDatabaseWrapper, keys: list[str]) -> tuple[int, str]:
    rows = f'SELECT id, type, key, payload::text FROM "{EVENTS}" WHERE published_on IS NULL AND key = ANY(%s)'  # noqa: S608 - a table's name
    return _digest(database, rows, keys)


def _digest(database: BaseDatabaseWrapper, rows: str, parameter: uuid.UUID | list[str]) -> tuple[int, str]:
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), coalesce(md5(string_agg(sum, '' ORDER BY sum)), '') FROM"  # noqa: S608 - made above
            f" (SELECT md5(r::text) AS sum FROM ({rows}) AS r) AS sums",
            [parameter],
        )
        number, digest = cursor.fetchone()
        return number, digest


def _event_keys(database: BaseDatabaseWrapper, user_id: uuid.UUID) -> list[str]:
    keys: list[str] = []
    with database.cursor() as cursor:
        for table in user_tables():
            if table.has_uuid_key:
                cursor.execute(f'SELECT id::text FROM "{table.name}" WHERE {table.where()}', [user_id])  # noqa: S608 - names
                keys += [row[0] for row in cursor.fetchall()]
    return keys


def _stub_values(model: type[models.Model]) -> dict[str, Any]:
    fields = [field for field in model._meta.concrete_fields if field.column not in KEPT_BY_STUBS]  # noqa: SLF001 - see EVENTS
    values = {str(field.column): field.get_default() for field in fields}
    return {**values, "password": "!"}  # fits no password


def _moving(database: BaseDatabaseWrapper, user_id: uuid.UUID) -> None:
    """This transaction may write behind the fence, takes its time, and its rows are no news for the audit trail."""
    with database.cursor() as cursor:
        cursor.execute("SELECT set_config('slipway.moving', %s, true)", [str(user_id)])
        for limit in ("statement_timeout", "idle_in_transaction_session_timeout"):
            cursor.execute("SELECT set_config(%s, '0', true)", [limit])
        # django-pgtrigger's own switch, for all its triggers here: the audit rows themselves go along
        cursor.execute(
            "SELECT set_config('pgtrigger.ignore', coalesce(array_agg(DISTINCT tgname)::text, ''), true)"
            " FROM pg_trigger WHERE tgname LIKE 'pgtrigger\\_%%'",
            [],
        )


def _stream(
    source: BaseDatabaseWrapper,
    target: BaseDatabaseWrapper,
    table: str,
    *,
    columns: tuple[str, ...],
    where: str,
    parameter: object,
) -> None:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    before, after = where.split("%s")
    reading = sql.SQL("COPY (SELECT {} FROM {} WHERE {}{}{}) TO STDOUT (FORMAT BINARY)").format(
        names,
        sql.Identifier(table),
        sql.SQL(before),
        sql.Literal(parameter),
        sql.SQL(after),
    )
    writing = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(sql.Identifier(table), names)
    for database in (source, target):
        database.ensure_connection()
    with (
        source.connection.cursor() as give,
        target.connection.cursor() as take,
        give.copy(reading) as rows,
        take.copy(writing) as into,
    ):
        for part in rows:
            into.write(part)
