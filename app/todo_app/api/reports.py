"""violations: reports, drill-down and series, all from counters and indexes."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from todo_app.api.base import Endpoint
from todo_app.api.json import JsonResponse
from todo_app.api.openapi import page_parameters, problems
from todo_app.api.permissions import MayBan
from todo_app.api.schemas.moderation import ReportPage, ReportQuery
from todo_app.api.schemas.reports import (
    DaySeries,
    DaySeriesQuery,
    UserLogPage,
    UserLogQuery,
    WordSeries,
    WordSeriesQuery,
)
from todo_app.common.paging import page_newest_first
from todo_app.moderation import reports, selectors


class Violations(Endpoint):
    """The log, summed up by user."""

    resource = "violations"
    permission_classes = (MayBan,)

    @extend_schema(
        operation_id="report_violations",
        parameters=page_parameters(ReportQuery),
        responses={200: ReportPage, **problems(401, 403, 422)},
    )
    def get(self, request: Request) -> JsonResponse:
        """`count` is the number of violations containing the word, `total` the number of violations."""
        query = self.query(request, ReportQuery)
        rows = reports.violations_by_user(after=query.cursor, limit=query.limit + 1)
        more = len(rows) > query.limit
        rows = rows[: query.limit]
        return JsonResponse({"data": rows, "next": str(rows[-1]["user_id"]) if more else None})


class UserViolationLog(Endpoint):
    """One user's violations."""

    resource = "violations"
    permission_classes = (MayBan,)

    @extend_schema(
        operation_id="list_violations_of_user",
        parameters=page_parameters(UserLogQuery),
        responses={200: UserLogPage, **problems(400, 401, 403, 422)},
    )
    def get(self, request: Request, key: uuid.UUID) -> JsonResponse:
        """Newest first; an unknown user has none."""
        query = self.query(request, UserLogQuery)
        rows = selectors.violations(user_id=key, word=query.word)
        page = page_newest_first(rows, cursor=query.cursor, limit=query.limit)
        return JsonResponse({"data": [violation_out(row) for row in page.rows], "next": page.next})


class ViolationDays(Endpoint):
    """Violations by day."""

    resource = "violations"
    permission_classes = (MayBan,)

    @extend_schema(
        operation_id="report_violations_by_day",
        parameters=page_parameters(DaySeriesQuery),
        responses={200: DaySeries, **problems(401, 403, 422)},
    )
    def get(self, request: Request) -> JsonResponse:
        """Of one word or of all."""
        query = self.query(request, DaySeriesQuery)
        rows = reports.violations_by_day(first=query.first, last=query.last, word=query.word or "")
        return JsonResponse({"data": rows})


class ViolationWords(Endpoint):
    """Violations by word."""

    resource = "violations"
    permission_classes = (MayBan,)

    @extend_schema(
        operation_id="report_violations_by_word",
        parameters=page_parameters(WordSeriesQuery),
        responses={200: WordSeries, **problems(401, 403, 422)},
    )
    def get(self, request: Request) -> JsonResponse:
        """The most frequent first."""
        query = self.query(request, WordSeriesQuery)
        return JsonResponse({"data": reports.violations_by_word(first=query.first, last=query.last, limit=query.limit)})


def violation_out(row: dict[str, object]) -> dict[str, object]:
    """A row of the log as the API names it."""
    shown = {name: value for name, value in row.items() if name != "user__is_banned"}
    shown["username"] = shown.pop("user__username")
    return shown
