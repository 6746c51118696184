"""Triggers that refuse a write of rows whose user has left the database, whoever writes.

They exist only where TODO_SHARDS is set; `migrate` makes them. They run after the row is written, so a writer that
passed has a transaction number: once all those numbers have ended, no write is on its way any more (`drain`).
"""

import time
import uuid

from django.db import connection, transaction

from todo_app.shards.models import Away
from todo_app.shards.tables import UserTable, user_tables

REFUSED = "57S01"  # SQLSTATE of a refused write; class 57 is an OperationalError, which the API answers with 503
DRAIN_WAIT = 60  # seconds; idle_in_transaction_session_timeout is 30, statement_timeout 10

_FUNCTION = """
CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE who uuid;
BEGIN
    IF TG_OP = 'DELETE' THEN who := {old}; ELSE who := {new}; END IF;
    IF EXISTS (SELECT 1 FROM shards_away WHERE user_id = who)
       AND current_setting('slipway.moving', true) IS DISTINCT FROM who::text THEN
        RAISE EXCEPTION 'user % is not at home on this database', who USING ERRCODE = '{state}';
    END IF;
    RETURN NULL;
END $$
"""
_TRIGGER = """
CREATE TRIGGER {name} AFTER INSERT OR UPDATE OR DELETE ON "{table}" FOR EACH ROW EXECUTE FUNCTION {name}()
"""


class DrainTimeout(Exception):
    """A transaction that was there before the fence has not ended."""


def fences_install() -> int:
    """Make what is missing on the current database; how many triggers were."""
    made = 0
    for table in user_tables():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_function(table))
            cursor.execute("SELECT 1 FROM pg_trigger WHERE tgname = %s AND NOT tgisinternal", [_name(table)])
            if cursor.fetchone() is None:
                cursor.execute(_TRIGGER.format(name=_name(table), table=table.name))
                made += 1
    return made


def fence(user_id: uuid.UUID) -> None:
    """From now on nobody may write this user's rows on the current database."""
    Away.objects.get_or_create(pk=user_id)


def drain() -> None:
    """Wait until every transaction that may have missed a committed fence has ended. Raises DrainTimeout."""
    deadline = time.monotonic() + DRAIN_WAIT
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text")
        bound = cursor.fetchone()[0]
        while True:
            cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot()) >= %s::xid8", [bound])
            if cursor.fetchone() == (True,):
                return
            if time.monotonic() > deadline:
                raise DrainTimeout(f"a transaction begun before has been open for {DRAIN_WAIT} s")
            time.sleep(0.05)


def _name(table: UserTable) -> str:
    return f"fence_{table.name}"


def _function(table: UserTable) -> str:
    old, new = table.owner.format(row="OLD"), table.owner.format(row="NEW")
    return _FUNCTION.format(name=_name(table), old=old, new=new, state=REFUSED)
