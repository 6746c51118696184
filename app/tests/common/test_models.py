"""Exactly one event per change; what would append none is refused."""

from typing import Any

import pytest
from django.utils import timezone

from todo_app.accounts.models import User
from todo_app.common.models import BulkRefused
from todo_app.outbox.models import Event
from todo_app.todos.models import Todo
from todo_app.todos.services import todo_create

pytestmark = pytest.mark.integration


def events(key: object) -> list[tuple[str, Any]]:
    """Type and changed columns of each event of a row, in order."""
    rows = Event.objects.filter(key=str(key)).order_by("id")
    return [(event.type, event.payload.get("changed")) for event in rows]


def test_each_change_appends_one_event_with_the_names_of_the_columns(user: User) -> None:
    key = todo_create(owner=user, title="one", now=timezone.now()).pk
    todo = Todo.objects.get(pk=key)
    todo.title = "two"
    todo.save()
    todo.save()  # nothing changed: no write, no event
    Todo.objects.get(pk=key).delete()

    created, updated, deleted = events(key)
    assert created[0] == "todo.created"
    assert updated == ("todo.updated", ["title", "version"])
    assert deleted[0] == "todo.deleted"


def test_deleting_a_queryset_appends_an_event_for_each_row(user: User) -> None:
    keys = [todo_create(owner=user, title=str(n), now=timezone.now()).pk for n in range(3)]

    Todo.objects.filter(owner=user).delete()

    assert [events(key)[-1][0] for key in keys] == ["todo.deleted"] * 3


def test_bulk_writes_are_refused(user: User) -> None:
    with pytest.raises(BulkRefused, match="Todo: update"):
        Todo.objects.filter(owner=user).update(title="x")
    with pytest.raises(BulkRefused):
        Todo.objects.bulk_create([Todo(owner=user, title="x")])
    with pytest.raises(BulkRefused):
        Todo.objects.bulk_update([], ["title"])


def test_changed_fields_know_what_the_database_has(user: User) -> None:
    fresh = User.objects.get(pk=user.pk)
    assert fresh.changed_fields == []

    fresh.username = "another"
    assert fresh.changed_fields == ["username"]
    fresh.refresh_from_db()
    assert fresh.changed_fields == []


def test_no_event_holds_a_value(user: User) -> None:
    secret = f"canary{user.pk.int}"
    key = todo_create(owner=user, title=secret, description=secret, now=timezone.now()).pk

    assert secret not in str([event.payload for event in Event.objects.filter(key=str(key))])
