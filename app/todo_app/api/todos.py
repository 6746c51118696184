"""todos: CRUD and actions."""

import uuid
from collections.abc import Callable
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from todo_app.api.base import Endpoint, etag, located, version_if_given, version_wanted
from todo_app.api.openapi import IF_MATCH, IF_MATCH_OPTIONAL, page_parameters, problems
from todo_app.api.schemas.todos import TodoIn, TodoOut, TodoPage, TodoPatch, TodoQuery
from todo_app.todos import selectors, services
from todo_app.todos.models import Todo


def _answer(todo: Todo, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    data = {name: getattr(todo, name) for name in selectors.COLUMNS}
    return Response(data, status=status, headers={**etag(todo.version), **(headers or {})})


class Todos(Endpoint):
    """The caller's todos."""

    resource = "todos"

    @extend_schema(
        operation_id="list_todos",
        parameters=page_parameters(TodoQuery),
        responses={200: TodoPage, **problems(400, 401, 403, 422)},
    )
    def get(self, request: Request) -> Response:
        """Newest first."""
        query = self.query(request, TodoQuery)
        return self.page(request, selectors.todos_of(owner=self.caller(request), status=query.status), query)

    @extend_schema(
        operation_id="create_todo", request=TodoIn, responses={201: TodoOut, **problems(401, 403, 409, 413, 422)}
    )
    def post(self, request: Request) -> Response:
        """Refused with `text-refused` when it holds banned words."""
        body = self.body(request, TodoIn)
        now = timezone.now()
        todo = services.todo_create(owner=self.caller(request), title=body.title, description=body.description, now=now)
        return _answer(todo, status=201, headers=located(request, todo.pk))


class TodoDetail(Endpoint):
    """One of the caller's todos."""

    resource = "todos"

    @extend_schema(operation_id="read_todo", responses={200: TodoOut, **problems(401, 403, 404)})
    def get(self, request: Request, key: uuid.UUID) -> Response:
        """With its ETag."""
        row = selectors.todo_of(owner=self.caller(request), key=key)
        if row is None:
            raise services.TodoNotFound
        return Response(row, headers=etag(row["version"]))

    @extend_schema(
        operation_id="change_todo",
        parameters=[IF_MATCH],
        request=TodoPatch,
        responses={200: TodoOut, **problems(401, 403, 404, 409, 412, 422, 428)},
    )
    def patch(self, request: Request, key: uuid.UUID) -> Response:
        """If-Match is required, so that nobody overwrites what they have not seen."""
        fields = self.body(request, TodoPatch).model_dump(exclude_none=True)
        version = version_wanted(request)
        owner = self.caller(request)
        return _answer(services.todo_update(owner=owner, key=key, fields=fields, version=version, now=timezone.now()))

    @extend_schema(
        operation_id="delete_todo",
        parameters=[IF_MATCH_OPTIONAL],
        responses={204: None, **problems(401, 403, 404, 412)},
    )
    def delete(self, request: Request, key: uuid.UUID) -> Response:
        """For good."""
        services.todo_delete(owner=self.caller(request), key=key, version=version_if_given(request))
        return Response(status=204)


STEP: dict[str, Any] = {
    "parameters": [IF_MATCH_OPTIONAL],
    "request": None,
    "responses": {200: TodoOut, **problems(401, 403, 404, 409, 412)},
}


def _step(view: Endpoint, request: Request, key: uuid.UUID, service: Callable[..., Todo]) -> Response:
    version = version_if_given(request)
    return _answer(service(owner=view.caller(request), key=key, version=version, now=timezone.now()))


class TodoStart(Endpoint):
    """open → in_progress."""

    resource = "todos"

    @extend_schema(operation_id="start_todo", **STEP)
    def post(self, request: Request, key: uuid.UUID) -> Response:
        """Refused with `transition-refused` when the status does not allow it."""
        return _step(self, request, key, services.todo_start)


class TodoComplete(Endpoint):
    """open or in_progress → done."""

    resource = "todos"

    @extend_schema(operation_id="complete_todo", **STEP)
    def post(self, request: Request, key: uuid.UUID) -> Response:
        """Refused with `transition-refused` when the status does not allow it."""
        return _step(self, request, key, services.todo_complete)


class TodoReopen(Endpoint):
    """Anything else → open."""

    resource = "todos"

    @extend_schema(operation_id="reopen_todo", **STEP)
    def post(self, request: Request, key: uuid.UUID) -> Response:
        """Refused with `transition-refused` when the status does not allow it."""
        return _step(self, request, key, services.todo_reopen)


class TodoCancel(Endpoint):
    """open or in_progress → cancelled."""

    resource = "todos"

    @extend_schema(operation_id="cancel_todo", **STEP)
    def post(self, request: Request, key: uuid.UUID) -> Response:
        """Refused with `transition-refused` when the status does not allow it."""
        return _step(self, request, key, services.todo_cancel)
