"""A row written by a prepared statement is the row that Django writes."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Value
from django.db.models.functions import Upper
from django.utils import timezone

from todo_app.accounts.models import User
from todo_app.common import inserts
from todo_app.outbox.models import Event
from todo_app.todos.models import Todo

pytestmark = pytest.mark.integration


def made(user: User, **given: Any) -> Todo:  # noqa: ANN401 - any column
    todo = Todo(owner=user, **given)
    todo.save()
    return todo


def held(todo: Todo) -> dict[str, Any]:
    row: Any = Todo.objects.values().get(pk=todo.pk)
    return dict(row)


def test_the_row_is_the_one_django_writes(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    due = timezone.now() + timedelta(days=1)
    given = {"title": "100 % %s", "description": "\u00e9", "priority": 3, "tag_names": ["a", "b c"], "due_on": due}
    ours = held(made(user, **given))
    monkeypatch.setattr(inserts, "inserted", lambda *_a, **_k: False)
    monkeypatch.setattr("todo_app.common.models.inserted", lambda *_a, **_k: False)
    djangos = held(made(user, **given))

    apart = {"id", "created_on", "updated_on"}
    assert {name: value for name, value in ours.items() if name not in apart} == {
        name: value for name, value in djangos.items() if name not in apart
    }


def test_the_statement_is_the_same_for_every_row(user: User) -> None:
    made(user, title="first")
    known = dict(inserts._STATEMENTS)
    made(user, title="second", description="with more", due_on=timezone.now() + timedelta(days=1))

    assert dict(inserts._STATEMENTS) == known
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'INSERT INTO \"todos_todo\"%%'"
        )
        assert cursor.fetchone()[0] >= 1


@transaction.atomic
def test_what_the_database_fills_in_is_there_when_asked_for(user: User) -> None:
    first, second = Event(type="x", key="k", payload={}), Event(type="x", key="k", payload={})
    first.save()
    second.save()

    assert first.position < second.position
    transaction.set_rollback(True)


@transaction.atomic
def test_an_expression_is_left_to_django(user: User) -> None:
    event = Event(type="x", key=Upper(Value("key")), payload={})
    event.save()

    assert Event.objects.get(pk=event.pk).key == "KEY"
    transaction.set_rollback(True)


def test_what_the_database_refuses_is_raised_inside_and_leaves_neither_row_nor_event(user: User) -> None:
    todo = Todo(owner=user, title="", created_on=timezone.now())
    with pytest.raises(IntegrityError, match="todo_title_not_empty"), transaction.atomic():
        todo.save()

    assert not Todo.objects.filter(pk=todo.pk).exists()
    assert not Event.objects.filter(key=str(todo.pk)).exists()
    todo.title = "something"
    todo.save()
    assert Event.objects.get(key=str(todo.pk)).type == "todo.created"


def prepared() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'INSERT%%'")
        return int(cursor.fetchone()[0])


def test_behind_a_pooler_nothing_is_prepared(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", True)  # noqa: FBT003 - pytest's signature
    before = prepared()
    made(user, title="plain", description="of", priority=4)

    assert Todo.objects.get(owner=user).title == "plain"
    assert prepared() == before
