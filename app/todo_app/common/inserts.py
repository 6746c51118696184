"""INSERTs of single rows: compiled to SQL once for each table, prepared, run with other values from then on.

Django writes the statement anew for each row and waits for it: a fifth of the processor time of creating a todo. It
still writes the first, so renamed columns and changed models are followed.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connections
from django.db.models import (
    BooleanField,
    CharField,
    DateTimeField,
    Field,
    IntegerField,
    Model,
    PositiveIntegerField,
    PositiveSmallIntegerField,
    TextField,
    UUIDField,
)
from django.db.models.expressions import DatabaseDefault
from django.db.models.sql import InsertQuery

Key = tuple[type[Model], tuple[bool, ...], str]
_STATEMENTS: dict[Key, str] = {}
# columns of these kinds hold these values as they are; Django looks at each a dozen times to find that out
_HELD: dict[type["Field[Any, Any]"], type] = {
    CharField: str,
    TextField: str,
    UUIDField: UUID,
    DateTimeField: datetime,
    IntegerField: int,
    PositiveIntegerField: int,
    PositiveSmallIntegerField: int,
    BooleanField: bool,
}


def inserted(row: Model, *, using: str, fields: Sequence["Field[Any, Any]"]) -> bool:
    """Insert the row; False, with nothing done, where a value is an expression or nothing can be prepared.

    What the database fills in is read when somebody asks for it: a reader would have to wait for the answer.
    """
    connection: Any = connections[using]  # config.postgresql
    if not connection.lasting:
        return False
    held = [field.pre_save(row, add=True) for field in fields]
    given = tuple(type(value) is not DatabaseDefault for value in held)  # the others are DEFAULT in the statement
    sent = [(field, value) for field, value, mine in zip(fields, held, given, strict=True) if mine]
    if any(hasattr(value, "resolve_expression") for _, value in sent):
        return False
    values = [value if _ready(field, value) else field.get_db_prep_save(value, connection) for field, value in sent]
    key = (type(row), given, using)
    if (sql := _STATEMENTS.get(key)) is None:
        query = InsertQuery(type(row))
        query.insert_values(fields, [row])
        ((sql, _),) = query.get_compiler(using=using).as_sql()
        _STATEMENTS[key] = sql
    with connection.prepared_cursor() as cursor:
        cursor.execute(sql, values)
    for field, mine in zip(fields, given, strict=True):
        if not mine:
            del row.__dict__[field.attname]  # deferred
    return True


def _ready(field: "Field[Any, Any]", value: object) -> bool:
    """Whether psycopg takes the value as it is; not so a member of an enum, nor a time without a zone."""
    wanted = _HELD.get(type(field))
    return wanted is not None and (
        value is None or (type(value) is wanted and getattr(value, "tzinfo", UTC) is not None)
    )
