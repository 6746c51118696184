"""Examples of docs/django.md: querysets."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.db.models import Count, Q
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from todo_app.accounts.models import User
from todo_app.todos.models import Status, Todo
from todo_app.todos.services import todo_create

pytestmark = pytest.mark.integration


@pytest.fixture
def owner(user: User) -> User:
    """A user with three todos."""
    for title in ("first", "second", "third"):
        todo_create(owner=user, title=title, now=timezone.now())
    return user


def test_a_queryset_is_evaluated_when_it_is_used_and_once(owner: User) -> None:
    # example: evaluation
    with CaptureQueriesContext(connection) as queries:
        todos = Todo.objects.owned_by(owner).order_by("-pk")  # no query: a queryset is a plan
        assert len(queries) == 0
        titles = [todo.title for todo in todos]  # iterating is: one query
        assert len(todos) == 3  # the rows are kept: no query
        assert todos[0].title == titles[0]  # an index of kept rows: no query
        todos.filter(title="first").exists()  # a new plan: a query
    assert len(queries) == 2
    # end


def test_the_order_of_methods_matters(owner: User) -> None:
    # example: order
    todo_create(owner=owner, title="done", now=timezone.now())
    newest = Todo.objects.owned_by(owner).order_by("-pk")
    with pytest.raises(TypeError):
        newest[:2].filter(status=Status.OPEN)  # after a slice nothing may be filtered
    assert newest.filter(title="first")[:2].count() == 1  # filter, then slice

    counted = User.objects.filter(pk=owner.pk).values("pk")  # values() before annotate() says what is grouped
    assert counted.annotate(n=Count("todos"))[0]["n"] == 4
    some = User.objects.filter(pk=owner.pk).annotate(n=Count("todos", filter=Q(todos__title="first")))
    assert some.get().n == 1  # a condition inside Count counts some and keeps the users without any
    # end


def test_a_queryset_never_changes(owner: User, make_user: Callable[..., User]) -> None:
    # example: immutability
    todos = Todo.objects.owned_by(owner)
    todos.filter(title="first")  # a new queryset, thrown away: `todos` is as before
    assert todos.count() == 3
    first = todos.filter(title="first")
    assert (first | todos.filter(title="second")).count() == 2  # neither of the two changes
    assert first.count() == 1
    # end
