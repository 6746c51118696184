"""Pages of the violation log, with the banned words marked by the spans that were stored."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest

from todo_app.common.paging import CursorInvalid, Page, page_newest_first
from todo_app.moderation.highlight import segments

SWAP = "#results #notices"  # what a ban changes on a page


def shown(request: HttpRequest, rows: "QuerySet[Any, Any]", *, limit: int) -> Page:
    """One page, newest first; 404 for a cursor that is none."""
    try:
        page = page_newest_first(rows, cursor=request.GET.get("cursor"), limit=limit)
    except CursorInvalid:
        raise Http404 from None
    for row in page.rows:
        row["segments"] = segments(row["text"].rstrip("\n"), row["spans"])
    return page
