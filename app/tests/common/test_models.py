"""Exactly one event per change; what would append none is refused."""

from typing import Any

import pytest
from django.db.models import JSONField
from django.utils import timezone

from todo_app.accounts.models import User
from todo_app.common.models import BaseModel, BulkRefused
from todo_app.common.signals import entity_changed
from todo_app.common.uuid7 import uuid7
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


def test_previous_values_are_at_hand_for_clean_and_for_listeners(user: User) -> None:
    heard: list[dict[str, Any]] = []

    def listen(*, previous: dict[str, Any], **_signal: object) -> None:
        heard.append(previous)

    todo = Todo.objects.get(pk=todo_create(owner=user, title="one", now=timezone.now()).pk)
    todo.title = "two"
    assert todo.previous("title") == "one"
    entity_changed.connect(listen, sender=Todo)
    try:
        todo.save()
    finally:
        entity_changed.disconnect(listen, sender=Todo)

    assert heard[0]["title"] == "one"
    assert todo.previous("title") == "two"
    assert Todo(owner=user, title="new").previous("title") is None


def test_a_deferred_column_that_is_used_does_not_hide_a_change(user: User) -> None:
    key = todo_create(owner=user, title="one", description="long", now=timezone.now()).pk
    todo = Todo.objects.defer("description").get(pk=key)
    todo.title = "two"

    assert todo.description == "long"
    assert todo.changed_fields == ["title"]
    assert todo.previous("description") == "long"


def test_a_change_inside_a_list_is_a_change() -> None:
    class Listed(BaseModel):
        values = JSONField(default=list)

        class Meta:
            app_label = "tests"

    names = [field.attname for field in Listed._meta.concrete_fields]
    row = Listed.from_db("default", names, [uuid7(), timezone.now(), timezone.now(), [1]])
    row.values.append(2)

    assert row.changed_fields == ["values"]
    assert row.previous("values") == [1]
