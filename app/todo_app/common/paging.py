"""Cursor pages: stable while rows come and go, and as fast on the last page as on the first."""

import base64
import binascii
import uuid
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

PAGE_MAX = 100


class CursorInvalid(Exception):
    """The cursor is not one that this service gave out."""


@dataclass(frozen=True)
class Page:
    """Rows of one page and the cursor of the next, None at the end."""

    rows: list[dict[str, Any]]
    next: str | None


def page_newest_first(rows: "QuerySet[Any, dict[str, Any]]", *, cursor: str | None, limit: int) -> Page:
    """A page of `.values()` rows ordered by descending UUIDv7 key, that is by time with a unique tail."""
    if cursor:
        rows = rows.filter(pk__lt=_decoded(cursor))
    found = list(rows.order_by("-pk")[: limit + 1])
    more = len(found) > limit
    found = found[:limit]
    return Page(rows=found, next=_encoded(found[-1]["id"]) if more else None)


def _encoded(key: uuid.UUID) -> str:
    return base64.urlsafe_b64encode(key.bytes).decode().rstrip("=")


def _decoded(cursor: str) -> uuid.UUID:
    try:
        return uuid.UUID(bytes=base64.urlsafe_b64decode(cursor + "=="))
    except (ValueError, binascii.Error):
        raise CursorInvalid from None
