"""What the owner, the assignee and everybody else may do; null clears."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tests.conftest import api
from todo_app.accounts.bans import users_ban
from todo_app.accounts.models import Role, User
from todo_app.todos import services
from todo_app.todos.models import Todo

pytestmark = pytest.mark.integration
NOW = timezone.now()


def send(user: User, method: str, path: str, body: dict[str, Any] | None = None, **headers: str) -> Any:  # noqa: ANN401 - Django's test response
    """A call to one todo."""
    options: dict[str, Any] = {"content_type": "application/json", "headers": headers}
    return getattr(api(user), method)(f"/api/v1/todos{path}", body, **options)


def test_an_assignee_reads_and_steps_but_neither_edits_nor_deletes(user: User, make_user: Callable[..., User]) -> None:
    helper, stranger = make_user(), make_user()
    created = send(user, "post", "", {"title": "ours", "assignee_id": str(helper.pk)})
    assert created.status_code == 201
    path = f"/{created.json()['id']}"

    assert send(helper, "get", path).json()["owner_id"] == str(user.pk)
    assert [row["id"] for row in send(helper, "get", "?scope=assigned").json()["data"]] == [path[1:]]
    assert send(helper, "get", "").json()["data"] == []
    for method, rest, body in (
        ("patch", "", {"title": "mine"}),
        ("delete", "", None),
        ("post", "/reopen", None),
        ("post", "/cancel", None),
    ):
        refused = send(helper, method, path + rest, body, **{"If-Match": "*"})
        assert (refused.status_code, refused.json()["type"]) == (403, "forbidden"), rest
    assert send(helper, "post", f"{path}/start").json()["status"] == "in_progress"
    assert send(helper, "post", f"{path}/complete").json()["status"] == "done"
    for method, rest in (("get", ""), ("patch", ""), ("delete", ""), ("post", "/start"), ("post", "/complete")):
        body = {"title": "x"} if method == "patch" else None
        assert send(stranger, method, path + rest, body, **{"If-Match": "*"}).status_code == 404


def test_nobody_is_assigned_who_cannot_act(user: User, make_user: Callable[..., User]) -> None:
    banned, admin = make_user(), make_user(role=Role.ADMIN)
    users_ban(user_ids=[banned.pk], action="ban", reason="test", actor=admin, now=NOW)

    for key in (str(banned.pk), "0197a000-0000-7000-8000-000000000000"):
        response = send(user, "post", "", {"title": "x", "assignee_id": key})
        assert (response.status_code, response.json()["type"]) == (422, "assignee-unknown")
    assert not Todo.objects.filter(owner=user).exists()


def test_null_clears_what_may_be_empty_and_nothing_else(user: User, make_user: Callable[..., User]) -> None:
    due = (NOW + timedelta(days=2)).isoformat()
    body = {"title": "x", "description": "d", "due_on": due, "assignee_id": str(make_user().pk), "tags": ["a"]}
    path = f"/{send(user, 'post', '', body).json()['id']}"

    changed = send(user, "patch", path, {"due_on": None, "assignee_id": None, "tags": []}, **{"If-Match": '"1"'})

    assert changed.status_code == 200, changed.content
    row = changed.json()
    assert (row["due_on"], row["assignee_id"], row["tags"]) == (None, None, [])
    assert (row["title"], row["description"], row["version"]) == ("x", "d", 2)
    for name in ("title", "description", "tags", "priority"):
        assert send(user, "patch", path, {name: None}, **{"If-Match": "*"}).status_code == 422


@pytest.mark.parametrize(
    "fields",
    [{"due_on": (NOW - timedelta(days=1)).isoformat()}, {"due_on": "2030-01-01T00:00:00"}, {"due_on": "tomorrow"},
     {"tags": ["a,b"]}, {"tags": ["  "]}, {"tags": ["x" * 51]}, {"tags": [str(n) for n in range(21)]},
     {"priority": 0}, {"priority": 9}, {"version": 7}, {"owner_id": "x"}],
)  # fmt: skip
def test_what_a_todo_cannot_be_is_refused(user: User, fields: dict[str, Any]) -> None:
    assert send(user, "post", "", {"title": "x", **fields}).status_code == 422
    assert not Todo.objects.filter(owner=user).exists()


def test_banned_words_in_tags_are_refused_and_placed(user: User, word: str) -> None:
    refused = send(user, "post", "", {"title": "fine", "tags": ["good", word.upper()]})

    assert (refused.status_code, refused.json()["type"]) == (409, "text-refused")
    assert refused.json()["hits"] == [{"field": "tags", "word": word, "start": 0, "end": len(word)}]


def test_the_export_holds_what_the_list_holds_and_no_formula(user: User, make_user: Callable[..., User]) -> None:
    hostile = ["=1+1", "+1", "-1", "@SUM(A1)", "\uff1d1", ' say "a, b"\n and c', "plain"]
    for title in hostile:
        services.todo_create(owner=user, title=title, description="\t=1", tags=["a", "b"], now=NOW)
    services.todo_create(owner=make_user(), title="not mine", now=NOW)

    response = send(user, "get", "/export?tag=a")

    assert response.status_code == 200
    assert response.streaming
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode())))
    assert [row["title"].removeprefix("'") for row in reversed(rows)] == hostile
    assert all(value[:1] not in set("=+-@\t\r\uff1d") for row in rows for value in row.values() if value)
    assert {row["tags"] for row in rows} == {"a, b"}


def test_the_export_of_more_rows_than_a_batch_is_whole(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("todo_app.common.paging.rows_newest_first.__kwdefaults__", {"batch": 3})
    for number in range(10):
        services.todo_create(owner=user, title=str(number), now=NOW)

    lines = b"".join(send(user, "get", "/export").streaming_content).decode().splitlines()

    assert len(lines) == 11
