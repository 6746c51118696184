"""CSV, streamed row by row and safe to open in a spreadsheet."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.http import StreamingHttpResponse
from rest_framework.renderers import BaseRenderer

MEDIA_TYPE = "text/csv"
# a cell that begins with one of these is a formula to some spreadsheet (OWASP, CSV injection); full-width forms too
FORMULA = tuple("=+-@|%\t\r\n\uff1d\uff0b\uff0d\uff20")


class CsvRenderer(BaseRenderer):
    """Only tells content negotiation that CSV is what comes."""

    media_type = MEDIA_TYPE
    format = "csv"
    charset = "utf-8"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:  # noqa: ANN401 - DRF's signature
        """Never called: the view answers a stream."""
        raise TypeError("CSV is streamed")


class _Echo:
    def write(self, line: str) -> str:
        return line


def cell(value: object) -> str:
    """Text of a cell; what could be a formula begins with an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    text = ", ".join(value) if isinstance(value, list) else str(value)
    return f"'{text}" if text.lstrip(" \u00a0\ufeff").startswith(FORMULA) else text


def lines(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """RFC 4180 lines, the first of them the names."""
    writer = csv.writer(_Echo(), quoting=csv.QUOTE_ALL)
    yield writer.writerow(columns)
    for row in rows:
        yield writer.writerow([cell(row[name]) for name in columns])


def csv_response(name: str, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> StreamingHttpResponse:
    """A download that never holds the whole table."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"', "X-Content-Type-Options": "nosniff"}
    return StreamingHttpResponse(lines(columns, rows), content_type=f"{MEDIA_TYPE}; charset=utf-8", headers=headers)
