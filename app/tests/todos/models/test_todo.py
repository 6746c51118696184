"""Due dates lie ahead when they are set; tags follow the row."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, connections, transaction
from django.utils import timezone

from todo_app.accounts.models import User
from todo_app.common.models import BulkRefused
from todo_app.outbox.models import Event
from todo_app.todos import services
from todo_app.todos.models import DueNotAhead, Recurrence, Tag, Todo
from todo_app.todos.rrule import Rule

pytestmark = pytest.mark.integration
NOW = timezone.now()
DAY = timedelta(days=1)


def linked(todo: Todo) -> set[str]:
    """The tags by the m2m."""
    return set(todo.tags.values_list("name", flat=True))


def test_a_due_date_lies_ahead_when_set_and_may_pass_later(user: User) -> None:
    todo = services.todo_create(owner=user, title="x", due_on=NOW + DAY, now=NOW)
    with pytest.raises(DueNotAhead):
        services.todo_create(owner=user, title="x", due_on=NOW, now=NOW)
    for past in (NOW - DAY, NOW):
        with pytest.raises(DueNotAhead):
            services.todo_update(actor=user, key=todo.pk, fields={"due_on": past}, versions=None, now=NOW + DAY / 2)

    late = services.todo_update(actor=user, key=todo.pk, fields={"title": "y"}, versions=None, now=NOW + 2 * DAY)

    assert (late.title, late.due_on) == ("y", NOW + DAY)


def test_save_and_clean_refuse_a_past_due_date_whoever_writes(user: User) -> None:
    todo = Todo.objects.get(pk=services.todo_create(owner=user, title="x", now=NOW).pk)
    todo.due_on = NOW - DAY

    with pytest.raises(ValidationError):
        todo.clean()
    with pytest.raises(DueNotAhead):
        todo.save()
    with pytest.raises(IntegrityError, match="todo_due_after_created"), transaction.atomic():
        connection.cursor().execute("UPDATE todos_todo SET due_on = %s WHERE id = %s", [NOW - DAY, todo.pk])


def test_tags_are_normal_and_follow_the_row(user: User) -> None:
    todo = services.todo_create(owner=user, title="x", tags=["Home", "  big   PLAN", "home"], now=NOW)
    assert todo.tag_names == ["home", "big plan"]
    assert linked(todo) == {"home", "big plan"}

    before = Event.objects.filter(key=str(todo.pk)).count()
    changed = services.todo_update(actor=user, key=todo.pk, fields={"tag_names": ["work"]}, versions={1}, now=NOW)

    assert linked(changed) == {"work"}
    assert changed.version == 2
    last = Event.objects.filter(key=str(todo.pk)).order_by("-id")[0]
    assert Event.objects.filter(key=str(todo.pk)).count() == before + 1
    assert "tag_names" in str(last.payload)


def test_tags_move_with_the_todo_to_a_new_owner(user: User, make_user: Callable[..., User]) -> None:
    todo = services.todo_create(owner=user, title="x", tags=["home"], now=NOW)
    todo.owner = other = make_user()
    todo.save()

    assert set(Tag.objects.filter(todos=todo).values_list("owner", flat=True)) == {other.pk}


def test_tags_cannot_be_linked_past_the_row(user: User) -> None:
    todo = services.todo_create(owner=user, title="x", tags=["home"], now=NOW)

    with pytest.raises(BulkRefused):
        todo.tags.clear()
    with pytest.raises(BulkRefused), transaction.atomic():
        todo.tags.add(Tag.objects.create(owner=user, name="sneaky"))
    assert linked(todo) == {"home"}


def test_two_todos_bring_the_same_new_tags_at_once(user: User) -> None:
    def create(number: int) -> Todo:
        try:
            names = [f"tag {n}" for n in range(10)]
            return services.todo_create(owner=user, title="x", tags=names[:: 1 if number % 2 else -1], now=NOW)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(create, range(24)))

    assert Tag.objects.filter(owner=user).count() == 10
    assert all(len(linked(todo)) == 10 for todo in made)


def test_an_insert_of_the_version_before_still_works(user: User) -> None:
    statement = """INSERT INTO todos_todo (id, created_on, updated_on, title, description, status, version, owner_id)
                   VALUES (gen_random_uuid(), now(), now(), 'old', '', 'open', 1, %s)"""
    connection.cursor().execute(statement, [user.pk])

    todo = Todo.objects.get(owner=user)
    assert (todo.priority, todo.tag_names, todo.assignee, todo.due_on) == (2, [], None, None)


@pytest.mark.parametrize("tag", ["x" * 80, "\u0130" * 40, "a " * 22 + "casinoxx", "y" * 51])
def test_a_tag_too_long_is_refused_never_cut(user: User, tag: str) -> None:
    fresh, stored = Todo(owner=user, title="t", tag_names=[tag]), services.todo_create(owner=user, title="s", now=NOW)
    stored.tag_names = [tag]
    timing = {"rule": Rule.parse("FREQ=DAILY"), "starts_on": NOW}

    for row in (fresh, stored, Recurrence(owner=user, title="r", tag_names=[tag], **timing)):
        for refuse in (row.clean, row.save):
            with pytest.raises(ValidationError, match="at most 50 characters"):
                refuse()
    fresh.tag_names = [f"tag {number}" for number in range(21)]
    with pytest.raises(ValidationError, match="at most 20 tags"):
        fresh.save()
    assert not Tag.objects.filter(owner=user).exists()
    assert list(Todo.objects.filter(owner=user).values_list("title", "tag_names")) == [("s", [])]


def test_the_longest_tag_is_stored_whole(user: User) -> None:
    todo = Todo(owner=user, title="t", tag_names=["z" * 50])
    todo.save()

    assert Todo.objects.get(pk=todo.pk).tag_names == ["z" * 50]
