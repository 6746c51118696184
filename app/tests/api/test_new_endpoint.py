"""CONTRIBUTING's four steps to a new endpoint, done: this file adds `GET todos/count` to the running service.

Step 1, the shape, `api/schemas/…`: `TodoCount`. Step 2, the view beside its kin: `TodosCount`, one domain call.
Step 3, the address, `api/urls.py`: `ADDRESS`. Step 4, its cells in `tests/access.py` (`CELLS`) and `make openapi`.
"""

import json
from collections.abc import Callable, Iterator

import pytest
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from pydantic import BaseModel
from rest_framework.request import Request

from tests.access import ROLES, cast_made
from tests.conftest import api
from todo_app.accounts.bans import users_ban
from todo_app.accounts.models import User
from todo_app.api import urls
from todo_app.api.base import Endpoint
from todo_app.api.json import JsonResponse
from todo_app.api.management.commands.openapi import document
from todo_app.api.openapi import problems
from todo_app.todos import selectors
from todo_app.todos.services import todo_create


class TodoCount(BaseModel):
    """How many."""

    count: int


class TodosCount(Endpoint):
    """The caller's todos, counted."""

    resource = "todos"

    @extend_schema(operation_id="count_todos", responses={200: TodoCount, **problems(401, 403)})
    def get(self, request: Request) -> JsonResponse:
        """Of every status."""
        return JsonResponse({"count": selectors.todos_of(owner=self.caller(request)).count()})


ADDRESS = path("todos/count", TodosCount.as_view())
CELLS = (401, 200, 200, 403, 200, 200, 200)


@pytest.fixture
def _added() -> Iterator[None]:
    urls.urlpatterns.append(ADDRESS)  # the list itself: resolvers keep it
    yield
    urls.urlpatterns.remove(ADDRESS)


@pytest.mark.integration
@pytest.mark.usefixtures("_added")
def test_it_answers_each_role_as_its_cells_say(make_user: Callable[..., User]) -> None:
    now = timezone.now()
    cast = cast_made(make_user)
    todo_create(owner=cast["user"], title="count me", now=now)
    clients = {name: api(cast.get(name)) for name in ROLES}
    users_ban(user_ids=[cast["banned"].pk], action="ban", reason="test", actor=cast["admin"], now=now)

    answers = [clients[name].get("/api/v1/todos/count") for name in ROLES]

    assert tuple(answer.status_code for answer in answers) == CELLS
    assert [answers[1].json(), answers[2].json()] == [{"count": 1}, {"count": 0}]


@pytest.mark.usefixtures("_added")
def test_the_contract_names_it_with_its_errors() -> None:
    operation = json.loads(document())["paths"]["/api/v1/todos/count"]["get"]

    assert {"200", "401", "403"} <= set(operation["responses"])
    assert operation["security"] == [{"bearer": []}]


def test_without_its_address_the_contract_does_not() -> None:
    assert "/api/v1/todos/count" not in json.loads(document())["paths"]
