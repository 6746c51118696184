"""todos: CRUD and actions."""

import uuid
from collections.abc import Callable

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from todo_app.api.base import Endpoint, etag, located, version_if_given, version_wanted
from todo_app.api.openapi import IF_MATCH, IF_MATCH_OPTIONAL, page_parameters, problems
from todo_app.api.schemas import Page, TodoIn, TodoOut, TodoPatch, TodoQuery
from todo_app.todos import selectors, services
from todo_app.todos.models import Todo


def _answer(todo: Todo, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    data = {name: getattr(todo, name) for name in selectors.COLUMNS}
    return Response(data, status=status, headers={**etag(todo.version), **(headers or {})})


class Todos(Endpoint):
    """The caller's todos."""

    @extend_schema(operation_id="list_todos", parameters=page_parameters(TodoQuery), responses={200: Page[TodoOut], **problems(400, 401, 403, 422)})
    def get(self, request: Request) -> Response:
        """Newest first."""
        query = self.query(request, TodoQuery)
        return self.page(request, selectors.todos_of(owner=self.caller(request), status=query.status), query)

    @extend_schema(operation_id="create_todo", request=TodoIn, responses={201: TodoOut, **problems(401, 403, 409, 413, 422)})
    def post(self, request: Request) -> Response:
        """Refused with `text-refused` when it holds banned words."""
        body = self.body(request, TodoIn)
        now = timezone.now()
        todo = services.todo_create(
            owner=self.caller(request), title=body.title, description=body.description, now=now
        )
        return _answer(todo, status=201, headers=located(request, todo.pk))


class TodoDetail(Endpoint):
    """One of the caller's todos."""

    @extend_schema(operation_id="read_todo", responses={200: TodoOut, **problems(401, 403, 404)})
    def get(self, request: Request, key: uuid.UUID) -> Response:
        """With its ETag."""
        row = selectors.todo_of(owner=self.caller(request), key=key)
        if row is None:
            raise services.TodoNotFound
        return Response(row, headers=etag(row["version"]))

    @extend_schema(operation_id="change_todo", parameters=[IF_MATCH], request=TodoPatch, responses={200: TodoOut, **problems(401, 403, 404, 409, 412, 422, 428)})
    def patch(self, request: Request, key: uuid.UUID) -> Response:
        """If-Match is required, so that nobody overwrites what they have not seen."""
        fields = self.body(request, TodoPatch).model_dump(exclude_none=True)
        version = version_wanted(request)
        owner = self.caller(request)
        return _answer(services.todo_update(owner=owner, key=key, fields=fields, version=version, now=timezone.now()))

    @extend_schema(operation_id="delete_todo", parameters=[IF_MATCH_OPTIONAL], responses={204: None, **problems(401, 403, 404, 412)})
    def delete(self, request: Request, key: uuid.UUID) -> Response:
        """For good."""
        services.todo_delete(owner=self.caller(request), key=key, version=version_if_given(request))
        return Response(status=204)


class TodoAction(Endpoint):
    """One step of a todo's life; which one is said in the address."""

    action: Callable[..., Todo]

    @extend_schema(parameters=[IF_MATCH_OPTIONAL], request=None, responses={200: TodoOut, **problems(401, 403, 404, 409, 412)})
    def post(self, request: Request, key: uuid.UUID) -> Response:
        """Refused with `transition-refused` when the status does not allow it."""
        version = version_if_given(request)
        todo = type(self).action(owner=self.caller(request), key=key, version=version, now=timezone.now())
        return _answer(todo)


def _action(name: str, call: Callable[..., Todo]) -> type[TodoAction]:
    view = type(f"Todo{name.title()}", (TodoAction,), {"action": staticmethod(call), "__doc__": f"{name} a todo."})
    return extend_schema(operation_id=f"{name}_todo")(view)


ACTIONS = {
    "start": _action("start", services.todo_start),
    "complete": _action("complete", services.todo_complete),
    "reopen": _action("reopen", services.todo_reopen),
    "cancel": _action("cancel", services.todo_cancel),
}
