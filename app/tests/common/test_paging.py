"""Cursor pages."""

import base64
import json
import uuid

import pytest
from django.test import Client
from django.utils import timezone

from tests.conftest import api
from todo_app.accounts.models import User
from todo_app.todos.services import todo_create

pytestmark = pytest.mark.integration


def test_pages_hold_every_row_once_even_while_rows_are_added(user: User) -> None:
    made = [str(todo_create(owner=user, title=str(n), now=timezone.now()).pk) for n in range(7)]
    client, seen, cursor = api(user), [], ""
    for _ in range(10):
        page = client.get(f"/api/v1/todos?limit=3{cursor}").json()
        seen += [row["id"] for row in page["data"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
        todo_create(owner=user, title="meanwhile", now=timezone.now())

    assert sorted(seen) == sorted(made)


@pytest.mark.parametrize(
    "query", ["cursor=x", "cursor=%00", "cursor=AAAA", "limit=0", "limit=101", "limit=a", "what=1"]
)
def test_a_bad_query_is_a_problem(user: User, query: str) -> None:
    response = api(user).get(f"/api/v1/todos?{query}")

    assert response.status_code in {400, 422}
    assert response.json()["type"] in {"cursor-invalid", "invalid", "bad-request"}


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_a_moment_beyond_all_years_is_a_bad_cursor(user: User, moment: str) -> None:
    text = json.dumps(["due", moment, str(uuid.uuid4())]).encode()
    cursor = base64.urlsafe_b64encode(text).decode().rstrip("=")
    response = api(user).get(f"/api/v1/todos?order=due&cursor={cursor}")
    session = Client()
    session.force_login(user, backend="todo_app.accounts.backends.AccountBackend")

    assert (response.status_code, response.json()["type"]) == (400, "cursor-invalid")
    assert session.get(f"/?sort=due&cursor={cursor}").status_code == 404
