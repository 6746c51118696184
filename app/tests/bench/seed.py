"""Millions of rows by SQL alone: no triggers, no constraints between tables, ids that sort as the service's do."""

from collections.abc import Mapping

import psycopg
from psycopg import sql

from tests.servers import DATABASE, Servers

# number `n` of generate_series as a UUIDv7
KEY = (
    "(lpad(to_hex(1700000000000 + n), 12, '0') || '7' || substr(md5(n::text), 1, 3)"
    " || '8' || substr(md5(n::text), 4, 15))::uuid"
)


def key(expression: str) -> str:
    """The UUIDv7 of another number."""
    return KEY.replace("n)", f"{expression})").replace("n::text", f"({expression})::text")


def superuser(running: Servers) -> "psycopg.Connection[tuple[object, ...]]":
    """May switch triggers off."""
    opened = psycopg.connect(
        host=str(running.socket_dir), port=running.database_port, user="postgres", dbname=DATABASE, autocommit=True
    )
    opened.execute("SET session_replication_role = replica")
    opened.execute("SET maintenance_work_mem = '256MB'")
    opened.execute("SET work_mem = '256MB'")
    return opened


def copies(
    opened: "psycopg.Connection[tuple[object, ...]]", table: str, *, first: int, last: int, values: Mapping[str, str]
) -> None:
    """Rows `first` to `last` that are not there yet: the oldest row with `values`, SQL of `n`, instead of its own."""
    found = opened.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
        " AND attgenerated = ''",
        [table],
    ).fetchall()
    names = [str(row[0]) for row in found]
    if missing := set(values) - set(names):
        raise ValueError(f"{table} has no {', '.join(sorted(missing))}")
    query = sql.SQL(
        "INSERT INTO {table} ({names}) SELECT {columns} FROM generate_series({first}, {last}) n,"
        " (SELECT * FROM {table} ORDER BY id LIMIT 1) old ON CONFLICT DO NOTHING"
    ).format(
        table=sql.Identifier(table),
        names=sql.SQL(", ").join(map(sql.Identifier, names)),
        columns=sql.SQL(", ").join(
            sql.SQL(values[name]) if name in values else sql.Identifier("old", name) for name in names
        ),
        first=sql.Literal(first),
        last=sql.Literal(last),
    )
    opened.execute(query)


def settled(opened: "psycopg.Connection[tuple[object, ...]]", *tables: str) -> None:
    """Do now what the server would otherwise do in the middle of a measurement."""
    for table in tables:
        opened.execute(sql.SQL("VACUUM (ANALYZE) {}").format(sql.Identifier(table)))
    opened.execute("CHECKPOINT")


def users(opened: "psycopg.Connection[tuple[object, ...]]", *, first: int, last: int) -> None:
    """Ordinary users number `first` to `last`."""
    values = {"id": KEY, "username": "'seeded-' || n", "role": "'user'", "is_superuser": "false"}
    copies(opened, "accounts_user", first=first, last=last, values=values)
