"""Filters, search, and pages that stay right in every order."""

import itertools
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.conftest import api
from todo_app.accounts.models import User
from todo_app.todos import selectors, services

pytestmark = pytest.mark.integration
NOW = timezone.now()
DAY = timedelta(days=1)


def titles(user: User, **query: str) -> list[str]:
    """What the API lists, all pages, two rows each."""
    client, cursor, found = api(user), "", []
    for _ in range(50):
        pages = {"cursor": cursor} if cursor else {}
        response = client.get("/api/v1/todos", {**query, "limit": "2", **pages})
        assert response.status_code == 200, response.content
        found += [row["title"] for row in response.json()["data"]]
        cursor = response.json()["next"]
        if not cursor:
            return found
    raise AssertionError("the pages do not end")


@pytest.fixture
def many(user: User, make_user: Callable[..., User]) -> User:
    """A user with todos that differ in everything; another user with the same."""
    for owner in (user, make_user()):
        for number, (priority, due) in enumerate(itertools.product((1, 3, 3), (None, 2, 1, 1))):
            services.todo_create(
                owner=owner,
                title=f"t{number}",
                description="needle 100%" if number == 3 else "",
                tags=["home", "needle-tag"] if number == 5 else ["work"] if number == 6 else [],
                priority=priority,
                due_on=NOW + due * DAY if due else None,
                now=NOW,
            )
    return user


@pytest.mark.parametrize(
    "order", ["-created", "created", "due", "-due", "priority", "-priority", "updated", "-updated"]
)
def test_pages_of_every_order_hold_each_row_once_and_in_order(many: User, order: str) -> None:
    found = titles(many, order=order)

    assert sorted(found) == sorted(f"t{number}" for number in range(12))
    rows = {row["title"]: row for row in selectors.todos_of(owner=many)}
    column = {"created": "id", "due": "due_on", "priority": "priority", "updated": "updated_on"}[order.lstrip("-")]
    values = [rows[title][column] for title in found]
    given = [value for value in values if value is not None]
    assert given == sorted(given, reverse=order.startswith("-"))
    assert values == given + [None] * (len(values) - len(given))


def test_a_row_that_comes_or_goes_between_pages_disturbs_no_other(many: User) -> None:
    client = api(many)
    first = client.get("/api/v1/todos", {"order": "due", "limit": "3"}).json()
    services.todo_delete(actor=many, key=first["data"][2]["id"])
    services.todo_create(owner=many, title="early", due_on=NOW + DAY / 2, now=NOW)

    rest = client.get("/api/v1/todos", {"order": "due", "limit": "100", "cursor": first["next"]}).json()["data"]

    seen = [row["title"] for row in first["data"] + rest]
    assert sorted(seen) == sorted(f"t{number}" for number in range(12))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"q": "needle"}, ["t5", "t3"]),
        ({"q": "0%"}, ["t3"]),
        ({"tag": "HOME"}, ["t5"]),
        ({"tag": "home,work"}, ["t6", "t5"]),
        ({"tag": "home", "status": "done"}, []),
        ({"priority": "1", "due_before": (NOW + 1.5 * DAY).isoformat()}, ["t3", "t2"]),
        ({"priority": "1", "due_after": (NOW + 1.5 * DAY).isoformat()}, ["t1"]),
        ({"overdue": "true"}, []),
        ({"overdue": "false", "q": "needle"}, ["t5", "t3"]),
        ({"scope": "assigned"}, []),
        ({"scope": "all", "tag": "work"}, ["t6"]),
    ],
)
def test_a_filter_finds_what_it_says(many: User, query: dict[str, str], expected: list[str]) -> None:
    assert titles(many, **query) == expected


def test_a_search_finds_tags_in_any_case(user: User) -> None:
    services.todo_create(owner=user, title="x", tags=["Homework"], now=NOW)
    services.todo_create(owner=user, title="y", tags=["other"], now=NOW)

    assert titles(user, q="HOMEW") == titles(user, q="mework") == ["x"]


def test_overdue_is_unfinished_and_past_its_date(user: User) -> None:
    late, done = (services.todo_create(owner=user, title=t, due_on=NOW + DAY, now=NOW) for t in ("late", "done"))
    services.todo_complete(actor=user, key=done.pk, now=NOW + DAY / 2)
    wanted = selectors.TodoFilter(overdue=True)

    found = selectors.todos_found(user=user, wanted=wanted, now=NOW + 2 * DAY)

    assert [row["id"] for row in found] == [late.pk]


@pytest.mark.parametrize(
    "query", [{"order": "title"}, {"status": "gone"}, {"due_before": "2026-01-01T00:00:00"}, {"overdue": "maybe"}]
)
def test_an_unknown_filter_or_order_is_refused_by_name(user: User, query: dict[str, str]) -> None:
    response = api(user).get("/api/v1/todos", query)

    assert response.status_code == 422
    assert next(iter(query)) in response.json()["errors"][0]["pointer"]


def test_a_cursor_of_another_order_is_refused(many: User) -> None:
    client = api(many)
    cursors = {o: client.get("/api/v1/todos", {"order": o, "limit": "1"}).json()["next"] for o in ("due", "-priority")}

    for order, other in (("due", "-priority"), ("-priority", "due"), ("-created", "due"), ("-due", "due")):
        response = client.get("/api/v1/todos", {"order": order, "cursor": cursors[other]})
        assert (response.status_code, response.json()["type"]) == (400, "cursor-invalid"), order


def test_a_list_with_tags_is_one_query_for_the_caller_and_one_for_the_rows(many: User) -> None:
    client = api(many)
    client.get("/api/v1/todos")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert client.get("/api/v1/todos").json()["data"][6]["tags"] == ["home", "needle-tag"]

    assert len(queries) == 2, [query["sql"] for query in queries]


def test_tags_are_listed_with_their_use(many: User) -> None:
    assert api(many).get("/api/v1/todos/tags").json() == {
        "data": [{"name": name, "todo_count": 1} for name in ("home", "needle-tag", "work")]
    }
