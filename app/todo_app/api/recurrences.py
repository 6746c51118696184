"""recurrences: CRUD, pause and resume, what comes next."""

import uuid
from collections.abc import Callable
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from todo_app.api.base import Endpoint, etag, located, versions_if_given, versions_wanted
from todo_app.api.idempotency import idempotent
from todo_app.api.json import JsonResponse
from todo_app.api.openapi import IDEMPOTENCY_KEY, IF_MATCH, IF_MATCH_OPTIONAL, page_parameters, problems
from todo_app.api.schemas.base import PageQuery
from todo_app.api.schemas.recurrences import (
    Occurrences,
    OccurrencesQuery,
    RecurrenceIn,
    RecurrenceOut,
    RecurrencePage,
    RecurrencePatch,
)
from todo_app.common.paging import page_newest_first
from todo_app.todos import recurrences, selectors
from todo_app.todos.models import Recurrence
from todo_app.todos.rrule import Rule
from todo_app.todos.services import TodoNotFound


def _out(row: dict[str, Any]) -> dict[str, Any]:
    told = selectors.recurrence_told(row)
    told["tags"], told["rule"] = told.pop("tag_names"), str(told["rule"])
    return told


def _answer(row: Recurrence, *, status: int = 200, headers: dict[str, str] | None = None) -> JsonResponse:
    data = _out({name: getattr(row, name) for name in selectors.RECURRENCE_COLUMNS})
    return JsonResponse(data, status=status, headers={**etag(row.version), **(headers or {})})


def _created(_view: Endpoint, request: Request, row: Recurrence) -> JsonResponse:
    return _answer(row, status=201, headers=located(request, row.pk))


class Recurrences(Endpoint):
    """The caller's recurrences."""

    resource = "todos"

    @extend_schema(
        operation_id="list_recurrences",
        parameters=page_parameters(PageQuery),
        responses={200: RecurrencePage, **problems(400, 401, 403, 422)},
    )
    def get(self, request: Request) -> JsonResponse:
        """Newest first."""
        query = self.query(request, PageQuery)
        rows = selectors.recurrences_of(owner=self.caller(request))
        page = page_newest_first(rows, cursor=query.cursor, limit=query.limit)
        return JsonResponse({"data": [_out(row) for row in page.rows], "next": page.next})

    @extend_schema(
        operation_id="create_recurrence",
        parameters=[IDEMPOTENCY_KEY],
        request=RecurrenceIn,
        responses={201: RecurrenceOut, **problems(400, 401, 403, 409, 413, 422)},
    )
    @idempotent(_created)
    def post(self, request: Request) -> JsonResponse:
        """Refused with `text-refused` when it holds banned words. Past occurrences make no todos."""
        fields = {**vars(self.body(request, RecurrenceIn))}
        fields["rule"] = Rule(fields["rule"])
        row = recurrences.recurrence_create(owner=self.caller(request), now=timezone.now(), **fields)
        return _created(self, request, row)


class RecurrenceDetail(Endpoint):
    """One of the caller's recurrences."""

    resource = "todos"

    @extend_schema(operation_id="read_recurrence", responses={200: RecurrenceOut, **problems(401, 403, 404)})
    def get(self, request: Request, key: uuid.UUID) -> JsonResponse:
        """With its ETag."""
        row = selectors.recurrence_of(owner=self.caller(request), key=key)
        if row is None:
            raise TodoNotFound
        return JsonResponse(_out(row), headers=etag(row["version"]))

    @extend_schema(
        operation_id="change_recurrence",
        parameters=[IF_MATCH],
        request=RecurrencePatch,
        responses={200: RecurrenceOut, **problems(400, 401, 403, 404, 409, 412, 422, 428)},
    )
    def patch(self, request: Request, key: uuid.UUID) -> JsonResponse:
        """If-Match is required. A change of rule, zone or start counts from now on."""
        fields = self.body(request, RecurrencePatch).model_dump(exclude_unset=True)
        if "tags" in fields:
            fields["tag_names"] = fields.pop("tags")
        if "rule" in fields:
            fields["rule"] = Rule(fields["rule"])
        owner, versions = self.caller(request), versions_wanted(request)
        return _answer(
            recurrences.recurrence_update(owner=owner, key=key, fields=fields, versions=versions, now=timezone.now())
        )

    @extend_schema(
        operation_id="delete_recurrence",
        parameters=[IF_MATCH_OPTIONAL],
        responses={204: None, **problems(400, 401, 403, 404, 412)},
    )
    def delete(self, request: Request, key: uuid.UUID) -> JsonResponse:
        """For good; the todos it made stay."""
        recurrences.recurrence_delete(owner=self.caller(request), key=key, versions=versions_if_given(request))
        return JsonResponse(status=204)


def _stepped(_view: Endpoint, _request: Request, row: Recurrence) -> JsonResponse:
    return _answer(row)


STEP: dict[str, Any] = {
    "parameters": [IF_MATCH_OPTIONAL, IDEMPOTENCY_KEY],
    "request": None,
    "responses": {200: RecurrenceOut, **problems(400, 401, 403, 404, 409, 412, 422)},
}


def _step(view: Endpoint, request: Request, key: uuid.UUID, service: Callable[..., Recurrence]) -> JsonResponse:
    versions = versions_if_given(request)
    return _answer(service(owner=view.caller(request), key=key, versions=versions, now=timezone.now()))


class RecurrencePause(Endpoint):
    """No todos until it is resumed."""

    resource = "todos"

    @extend_schema(operation_id="pause_recurrence", **STEP)
    @idempotent(_stepped, body=False)
    def post(self, request: Request, key: uuid.UUID) -> JsonResponse:
        """A paused one stays as it is."""
        return _step(self, request, key, recurrences.recurrence_pause)


class RecurrenceResume(Endpoint):
    """On with the next occurrence."""

    resource = "todos"

    @extend_schema(operation_id="resume_recurrence", **STEP)
    @idempotent(_stepped, body=False)
    def post(self, request: Request, key: uuid.UUID) -> JsonResponse:
        """What fell into the pause is not made up for."""
        return _step(self, request, key, recurrences.recurrence_resume)


class RecurrenceOccurrences(Endpoint):
    """What comes next."""

    resource = "todos"

    @extend_schema(
        operation_id="list_occurrences",
        parameters=page_parameters(OccurrencesQuery),
        responses={200: Occurrences, **problems(401, 403, 404, 422)},
    )
    def get(self, request: Request, key: uuid.UUID) -> JsonResponse:
        """As if it were not paused."""
        limit = self.query(request, OccurrencesQuery).limit
        found = selectors.occurrences_of(owner=self.caller(request), key=key, limit=limit, now=timezone.now())
        if found is None:
            raise TodoNotFound
        return JsonResponse({"data": found})
