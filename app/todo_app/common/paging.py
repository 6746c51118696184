"""Cursor pages: stable while rows come and go, and as fast on the last page as on the first."""

import base64
import binascii
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from django.db.models import F, Q, QuerySet

PAGE_MAX = 100


class CursorInvalid(Exception):
    """The cursor is not one that this service gave out."""


@dataclass(frozen=True)
class Page:
    """Rows of one page and the cursor of the next, None at the end."""

    rows: list[dict[str, Any]]
    next: str | None


@dataclass(frozen=True)
class Order:
    """An order by one column and then the key, so that it is total; rows without a value come last.

    The name stands in the cursor: one of another order is refused.
    """

    name: str
    column: str
    descending: bool = False
    kind: type = datetime


def page_newest_first(rows: "QuerySet[Any, dict[str, Any]]", *, cursor: str | None, limit: int) -> Page:
    """A page of `.values()` rows ordered by descending UUIDv7 key, that is by time with a unique tail."""

    def fetch(before: uuid.UUID | None, count: int) -> list[dict[str, Any]]:
        return list((rows if before is None else rows.filter(pk__lt=before)).order_by("-pk")[:count])

    return page_fetched(fetch, cursor=cursor, limit=limit)


def page_fetched(
    fetch: Callable[[uuid.UUID | None, int], list[dict[str, Any]]], *, cursor: str | None, limit: int
) -> Page:
    """The page that `fetch` gives: it is called with the key the rows come before, if any, and how many to read."""
    found = fetch(_decoded(cursor) if cursor else None, limit + 1)
    more = len(found) > limit
    found = found[:limit]
    return Page(rows=found, next=_encoded(found[-1]["id"]) if more else None)


def page_by_number(rows: "QuerySet[Any, dict[str, Any]]", *, before: int | None, limit: int) -> Page:
    """The same for rows with a number as their key."""
    found = list((rows.filter(pk__lt=before) if before else rows)[: limit + 1])
    more = len(found) > limit
    found = found[:limit]
    return Page(rows=found, next=str(found[-1]["id"]) if more else None)


def page_ordered(rows: "QuerySet[Any, dict[str, Any]]", *, order: Order, cursor: str | None, limit: int) -> Page:
    """A page of `.values()` rows, the order's column among them."""
    if cursor:
        rows = rows.filter(_after(order, cursor))
    column = F(order.column)
    first = column.desc(nulls_last=True) if order.descending else column.asc(nulls_last=True)
    found = list(rows.order_by(first, "-pk" if order.descending else "pk")[: limit + 1])
    more = len(found) > limit
    found = found[:limit]
    return Page(rows=found, next=_place(order, found[-1]) if more else None)


def rows_newest_first(rows: "QuerySet[Any, dict[str, Any]]", *, batch: int = 500) -> Iterator[dict[str, Any]]:
    """All rows page by page: no cursor is kept open in the database, which a transaction pooler would break."""
    cursor: str | None = None
    while True:
        page = page_newest_first(rows, cursor=cursor, limit=batch)
        yield from page.rows
        cursor = page.next
        if cursor is None:
            return


def _after(order: Order, cursor: str) -> Q:
    """What comes after the row the cursor names."""
    value, key = _read(order, cursor)
    later = "lt" if order.descending else "gt"
    same = Q(**{f"pk__{later}": key})
    if value is None:
        return Q(**{f"{order.column}__isnull": True}) & same
    beyond = Q(**{f"{order.column}__{later}": value}) | Q(**{f"{order.column}__isnull": True})
    return beyond | (Q(**{order.column: value}) & same)


def _place(order: Order, row: dict[str, Any]) -> str:
    text = orjson.dumps([order.name, row[order.column], row["id"]])
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def _read(order: Order, cursor: str) -> tuple[datetime | int | None, uuid.UUID]:
    try:
        name, value, key = orjson.loads(base64.urlsafe_b64decode(cursor + "=="))
        if order.kind is datetime and value is not None:
            value = datetime.fromisoformat(value)
        strange = value is not None and type(value) is not order.kind
        if name != order.name or strange or (isinstance(value, int) and abs(value) >= 2**31):
            raise CursorInvalid
        if isinstance(value, datetime):
            if value.tzinfo is None:
                raise CursorInvalid
            value = value.astimezone(UTC)  # as the database will; beyond the years it knows this overflows
        return value, uuid.UUID(key)
    except (ValueError, TypeError, AttributeError, OverflowError, binascii.Error):
        raise CursorInvalid from None


def _encoded(key: uuid.UUID) -> str:
    return base64.urlsafe_b64encode(key.bytes).decode().rstrip("=")


def _decoded(cursor: str) -> uuid.UUID:
    try:
        return uuid.UUID(bytes=base64.urlsafe_b64decode(cursor + "=="))
    except (ValueError, binascii.Error):
        raise CursorInvalid from None
