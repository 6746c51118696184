"""todos: CRUD and actions."""

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from todo_app.api.base import Endpoint, etag, located, versions_if_given, versions_wanted
from todo_app.api.csv_export import MEDIA_TYPE, CsvRenderer, csv_response
from todo_app.api.idempotency import idempotent
from todo_app.api.json import JsonResponse
from todo_app.api.openapi import IDEMPOTENCY_KEY, IF_MATCH, IF_MATCH_OPTIONAL, page_parameters, problems
from todo_app.api.schemas.todos import TagList, TodoIn, TodoOut, TodoPage, TodoPatch, TodoQuery, TodoWanted
from todo_app.common.paging import page_fetched, page_newest_first, page_ordered, rows_newest_first
from todo_app.todos import selectors, services
from todo_app.todos.models import Todo

EXPORTED = [name.replace("tag_names", "tags") for name in selectors.COLUMNS]


def _out(row: dict[str, Any]) -> dict[str, Any]:
    row["tags"] = row.pop("tag_names")
    return row


def _answer(todo: Todo, *, status: int = 200, headers: dict[str, str] | None = None) -> JsonResponse:
    data = _out({name: getattr(todo, name) for name in selectors.COLUMNS})
    return JsonResponse(data, status=status, headers={**etag(todo.version), **(headers or {})})


def _created(_view: Endpoint, request: Request, todo: Todo) -> JsonResponse:
    return _answer(todo, status=201, headers=located(request, todo.pk))


def _wanted(query: TodoWanted) -> selectors.TodoFilter:
    given = query.model_dump(include=set(TodoWanted.model_fields), exclude_unset=True)
    if not given:
        return selectors.NO_FILTER
    text, tags = given.pop("q", None), given.pop("tag", None)
    return selectors.TodoFilter(text=text, tags=tuple(tags or ()), **given)


class Todos(Endpoint):
    """The caller's todos."""

    resource = "todos"

    @extend_schema(
        operation_id="list_todos",
        parameters=page_parameters(TodoQuery),
        responses={200: TodoPage, **problems(400, 401, 403, 422)},
    )
    def get(self, request: Request) -> JsonResponse:
        """Newest first, unless another order is asked for; what has no date comes last."""
        query, user = self.query(request, TodoQuery), self.caller(request)
        wanted, order = _wanted(query), selectors.ORDERS.get(query.order)
        if order:
            rows = selectors.todos_found(user=user, wanted=wanted, now=timezone.now())
            page = page_ordered(rows, order=order, cursor=query.cursor, limit=query.limit)
        elif wanted is selectors.NO_FILTER:
            page = page_fetched(partial(selectors.todos_newest, user), cursor=query.cursor, limit=query.limit)
        else:
            rows = selectors.todos_found(user=user, wanted=wanted, now=timezone.now())
            page = page_newest_first(rows, cursor=query.cursor, limit=query.limit)
        return JsonResponse({"data": [_out(row) for row in page.rows], "next": page.next})

    @extend_schema(
        operation_id="create_todo",
        parameters=[IDEMPOTENCY_KEY],
        request=TodoIn,
        responses={201: TodoOut, **problems(400, 401, 403, 409, 413, 422)},
    )
    @idempotent(_created)
    def post(self, request: Request) -> JsonResponse:
        """Refused with `text-refused` when it holds banned words."""
        body = self.body(request, TodoIn)
        todo = services.todo_create(owner=self.caller(request), now=timezone.now(), **vars(body))
        return _created(self, request, todo)


class TodosExport(Endpoint):
    """The same todos as a file."""

    resource = "todos"
    renderer_classes = (CsvRenderer,)

    @extend_schema(
        operation_id="export_todos",
        parameters=page_parameters(TodoWanted),
        responses={(200, MEDIA_TYPE): str, **problems(401, 403, 422)},
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Newest first; cells that a spreadsheet would run are prefixed with an apostrophe."""
        wanted = _wanted(self.query(request, TodoWanted))
        rows = selectors.todos_found(user=self.caller(request), wanted=wanted, now=timezone.now())
        return csv_response("todos", EXPORTED, map(_out, rows_newest_first(rows)))


class TodoTags(Endpoint):
    """The tags the caller's todos have."""

    resource = "todos"

    @extend_schema(operation_id="list_tags", responses={200: TagList, **problems(401, 403)})
    def get(self, request: Request) -> JsonResponse:
        """By name."""
        return JsonResponse({"data": list(selectors.tags_of(owner=self.caller(request)))})


class TodoDetail(Endpoint):
    """A todo the caller owns or is assigned."""

    resource = "todos"

    @extend_schema(operation_id="read_todo", responses={200: TodoOut, **problems(401, 403, 404)})
    def get(self, request: Request, key: uuid.UUID) -> JsonResponse:
        """With its ETag."""
        row = selectors.todo_of(user=self.caller(request), key=key)
        if row is None:
            raise services.TodoNotFound
        return JsonResponse(_out(row), headers=etag(row["version"]))

    @extend_schema(
        operation_id="change_todo",
        parameters=[IF_MATCH],
        request=TodoPatch,
        responses={200: TodoOut, **problems(400, 401, 403, 404, 409, 412, 422, 428)},
    )
    def patch(self, request: Request, key: uuid.UUID) -> JsonResponse:
        """If-Match is required, so that nobody overwrites what they have not seen. Only for the owner."""
        fields = self.body(request, TodoPatch).model_dump(exclude_unset=True)
        if "tags" in fields:
            fields["tag_names"] = fields.pop("tags")
        versions, actor = versions_wanted(request), self.caller(request)
        return _answer(services.todo_update(actor=actor, key=key, fields=fields, versions=versions, now=timezone.now()))

    @extend_schema(
        operation_id="delete_todo",
        parameters=[IF_MATCH_OPTIONAL],
        responses={204: None, **problems(400, 401, 403, 404, 412)},
    )
    def delete(self, request: Request, key: uuid.UUID) -> JsonResponse:
        """For good. Only for the owner."""
        services.todo_delete(actor=self.caller(request), key=key, versions=versions_if_given(request))
        return JsonResponse(status=204)


def _stepped(_view: Endpoint, _request: Request, row: Todo) -> JsonResponse:
    return _answer(row)


STEP: dict[str, Any] = {
    "parameters": [IF_MATCH_OPTIONAL, IDEMPOTENCY_KEY],
    "request": None,
    "responses": {200: TodoOut, **problems(400, 401, 403, 404, 409, 412, 422)},
}


def _step(view: Endpoint, request: Request, key: uuid.UUID, service: Callable[..., Todo]) -> JsonResponse:
    versions = versions_if_given(request)
    return _answer(service(actor=view.caller(request), key=key, versions=versions, now=timezone.now()))


class TodoStart(Endpoint):
    """open → in_progress, also by the assignee."""

    resource = "todos"

    @extend_schema(operation_id="start_todo", **STEP)
    @idempotent(_stepped, body=False)
    def post(self, request: Request, key: uuid.UUID) -> JsonResponse:
        """Refused with `transition-refused` when the status does not allow it."""
        return _step(self, request, key, services.todo_start)


class TodoComplete(Endpoint):
    """open or in_progress → done, also by the assignee."""

    resource = "todos"

    @extend_schema(operation_id="complete_todo", **STEP)
    @idempotent(_stepped, body=False)
    def post(self, request: Request, key: uuid.UUID) -> JsonResponse:
        """Refused with `transition-refused` when the status does not allow it."""
        return _step(self, request, key, services.todo_complete)


class TodoReopen(Endpoint):
    """Anything else → open."""

    resource = "todos"

    @extend_schema(operation_id="reopen_todo", **STEP)
    @idempotent(_stepped, body=False)
    def post(self, request: Request, key: uuid.UUID) -> JsonResponse:
        """Refused with `transition-refused` when the status does not allow it."""
        return _step(self, request, key, services.todo_reopen)


class TodoCancel(Endpoint):
    """open or in_progress → cancelled."""

    resource = "todos"

    @extend_schema(operation_id="cancel_todo", **STEP)
    @idempotent(_stepped, body=False)
    def post(self, request: Request, key: uuid.UUID) -> JsonResponse:
        """Refused with `transition-refused` when the status does not allow it."""
        return _step(self, request, key, services.todo_cancel)
