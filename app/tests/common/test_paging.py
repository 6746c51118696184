"""Cursor pages."""

import pytest
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
    assert response.json()["type"] in {"cursor-invalid", "invalid"}
