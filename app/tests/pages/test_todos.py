"""My todos: what is added and what is looked for."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from tests.pages.signed_in import signed_in
from todo_app.accounts.models import User
from todo_app.todos.models import Todo
from todo_app.todos.services import todo_create, todo_start

pytestmark = pytest.mark.integration


def test_everything_about_a_todo_can_be_typed(user: User) -> None:
    due = (timezone.now() + timedelta(days=2)).replace(second=0, microsecond=0)
    form = {"title": "a", "description": "b", "tags": "Work,  home , work", "priority": "4"}

    response = signed_in(user).post("/", form | {"due_on": due.strftime("%Y-%m-%dT%H:%M")}, follow=True)

    todo = Todo.objects.get(owner=user)
    assert (todo.description, todo.tag_names, todo.priority, todo.due_on) == ("b", ["work", "home"], 4, due)
    page = response.content.decode()
    assert "#work" in page
    assert "urgent" in page
    assert "2 days" not in page, "times are absolute"


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("due_on", "2001-01-01T00:00", "lies ahead"),
        ("due_on", "tomorrow", "such as 2026"),
        ("tags", "x" * 51, "at most 50"),
        ("tags", ",".join(map(str, range(21))), "at most 20 tags"),
        ("priority", "9", "Select a valid choice"),
    ],
)
def test_a_wrong_field_is_named_and_kept(user: User, field: str, typed: str, told: str) -> None:
    response = signed_in(user).post("/", {"title": "kept", field: typed})

    page = response.content.decode()
    assert response.status_code == 422
    assert told in page
    assert 'value="kept"' in page
    assert not Todo.objects.filter(owner=user).exists()


@pytest.fixture
def five(user: User) -> User:
    """A user with five todos that differ in everything."""
    now = timezone.now()
    soon, past = now + timedelta(hours=1), now - timedelta(days=2)
    todo_create(owner=user, title="alpha", tags=["red"], priority=1, now=now)
    todo_create(owner=user, title="beta", description="find the needle", priority=4, now=now)
    todo_create(owner=user, title="gamma", tags=["red", "blue"], due_on=soon, now=now)
    todo_create(owner=user, title="delta", due_on=past + timedelta(days=1), now=past)
    running = todo_create(owner=user, title="epsilon", now=now)
    todo_start(actor=user, key=running.pk, now=now)
    return user


def titles(user: User, **asked: str) -> list[str]:
    """In the order of the page."""
    response = signed_in(user).get("/", asked)
    return [row["title"] for row in response.context["page"].rows]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"q": "NEEDLE"}, ["beta"]),
        ({"q": "blu"}, ["gamma"]),
        ({"status": "in_progress"}, ["epsilon"]),
        ({"tag": "red"}, ["gamma", "alpha"]),
        ({"priority": "4"}, ["beta"]),
        ({"overdue": "on"}, ["delta"]),
        ({"tag": "red", "priority": "1"}, ["alpha"]),
        ({"sort": "due", "q": "a", "status": "open"}, ["delta", "gamma", "alpha", "beta"]),
        ({"sort": "-priority", "status": "open", "tag": "red"}, ["gamma", "alpha"]),
        ({"q": "nothing like it"}, []),
        ({"status": "nonsense", "priority": "x", "q": "alpha"}, ["alpha"]),
    ],
)
def test_what_is_looked_for_is_found(five: User, asked: dict[str, str], found: list[str]) -> None:
    assert titles(five, **asked) == found


def test_what_is_assigned_is_found_and_only_its_owner_changes_it(user: User, make_user: Callable[..., User]) -> None:
    boss = make_user()
    todo = todo_create(owner=boss, title="for you", assignee_id=user.pk, now=timezone.now())
    assert titles(user) == []
    assert titles(user, assigned="on") == ["for you"]
    client = signed_in(user)

    response = client.post(f"/todos/{todo.pk}", {"title": "mine now", "version": 1})

    assert response.status_code == 403
    assert "only its owner" in response.content.decode()
    assert "only its owner" in client.post(f"/todos/{todo.pk}/delete", follow=True).content.decode()
    client.post(f"/todos/{todo.pk}/complete")
    assert (Todo.objects.get(pk=todo.pk).title, Todo.objects.get(pk=todo.pk).status) == ("for you", "done")


def test_pages_lead_through_all_todos_in_every_order(user: User) -> None:
    for number in range(45):
        due = timezone.now() + timedelta(days=number + 1)
        todo_create(owner=user, title=f"todo {number}", due_on=due, now=timezone.now())
    for sort in ("", "due"):
        seen: list[str] = []
        cursor, pages = "", 0
        while cursor is not None:
            page = signed_in(user).get("/", {"cursor": cursor, "sort": sort}).context["page"]
            seen, cursor, pages = seen + [row["title"] for row in page.rows], page.next, pages + 1
        assert (len(set(seen)), len(seen), pages) == (45, 45, 3)
    assert signed_in(user).get("/", {"cursor": "nonsense"}).status_code == 404


def test_a_due_date_left_alone_stays_as_it_is_even_when_it_has_passed(user: User) -> None:
    past = timezone.now() - timedelta(days=2)
    todo = todo_create(owner=user, title="late", due_on=past + timedelta(hours=1, seconds=7), now=past)
    due = todo.due_on
    assert isinstance(due, datetime)

    form = {"title": "later", "due_on": due.strftime("%Y-%m-%dT%H:%M"), "version": 1, "priority": 2}
    assert signed_in(user).post(f"/todos/{todo.pk}", form).status_code == 302

    assert (Todo.objects.get(pk=todo.pk).title, Todo.objects.get(pk=todo.pk).due_on) == ("later", due)


def test_a_page_costs_the_same_queries_for_one_todo_as_for_twenty(user: User) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for number in range(20):
        todo_create(owner=user, title=f"todo {number}", tags=[f"tag {number}"], now=timezone.now())
        if number in {0, 19}:
            client = signed_in(user)
            with CaptureQueriesContext(
                connection,
            ) as queries:
                client.get("/")
            counts.append(len(queries))
    assert counts[0] == counts[1] <= 4, counts
