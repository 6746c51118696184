"""Exactly one event per change; what would append none is refused."""

from typing import Any

import pytest
from django.db import transaction
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


class Stop(Exception):
    """Ends a transaction."""


def rolled_back(todo: Todo) -> None:
    """Save in a transaction that is rolled back."""
    with transaction.atomic():
        todo.save()
        transaction.set_rollback(True)


@pytest.mark.parametrize("rows", [Todo.objects.only("id", "owner_id"), Todo.objects.defer("title")])
def test_a_deferred_column_that_is_set_is_written(user: User, rows: Any) -> None:  # noqa: ANN401 - a queryset
    key = todo_create(owner=user, title="one", now=timezone.now()).pk
    todo = rows.get(pk=key)
    todo.title = "two"
    assert todo.previous("title") == "one"
    todo.save()

    assert Todo.objects.get(pk=key).title == "two"
    assert events(key)[1:] == [("todo.updated", ["title", "version"])]


def test_what_was_rolled_back_is_written_by_the_next_save(user: User) -> None:
    todo = Todo.objects.get(pk=todo_create(owner=user, title="one", now=timezone.now()).pk)
    todo.title = "two"
    rolled_back(todo)
    assert todo.previous("title") == "one"
    todo.save()
    todo.save()  # nothing changed since

    assert Todo.objects.get(pk=todo.pk).title == "two"
    assert [kind for kind, _ in events(todo.pk)] == ["todo.created", "todo.updated"]


def test_a_new_row_that_was_rolled_back_is_still_new(user: User) -> None:
    todo = Todo(owner=user, title="one")
    rolled_back(todo)
    todo.save()

    assert Todo.objects.get(pk=todo.pk).title == "one"
    assert [kind for kind, _ in events(todo.pk)] == ["todo.created"]


def test_a_savepoint_takes_back_its_own_writes_only(user: User) -> None:
    todo = Todo.objects.get(pk=todo_create(owner=user, title="one", now=timezone.now()).pk)
    with transaction.atomic():
        todo.title = "two"
        todo.save()
        todo.title = "three"
        rolled_back(todo)
        assert todo.previous("title") == "two"
        todo.save()

    assert Todo.objects.get(pk=todo.pk).title == "three"
    assert len(events(todo.pk)) == 3


def test_a_listener_that_fails_leaves_the_change_to_be_saved(user: User) -> None:
    def fail(**_signal: object) -> None:
        raise Stop

    todo = Todo(owner=user, title="one")
    entity_changed.connect(fail, sender=Todo)
    try:
        with pytest.raises(Stop):
            todo.save()
    finally:
        entity_changed.disconnect(fail, sender=Todo)
    todo.save()

    assert Todo.objects.filter(pk=todo.pk).exists()


def test_a_column_left_out_of_update_fields_is_still_a_change(user: User) -> None:
    todo = Todo.objects.get(pk=todo_create(owner=user, title="one", now=timezone.now()).pk)
    todo.title, todo.description = "two", "more"
    todo.save(update_fields=["title", "version"])
    todo.save()

    assert Todo.objects.get(pk=todo.pk).description == "more"
