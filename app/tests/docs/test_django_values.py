"""Examples of docs/django.md: time and keys."""

import uuid
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from todo_app.accounts.models import User
from todo_app.common.uuid7 import uuid7
from todo_app.todos.models import Todo
from todo_app.todos.services import todo_create


@pytest.mark.integration
def test_time_is_aware_and_utc_in_the_database(user: User) -> None:
    # example: time
    berlin = datetime(2026, 7, 1, 9, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    todo = todo_create(owner=user, title="early", now=berlin)
    stored = Todo.objects.get(pk=todo.pk).created_on
    assert stored == berlin  # the same moment
    assert (stored.hour, stored.tzinfo) == (7, UTC)  # told in UTC
    naive = datetime(2026, 7, 1, 9, 0)  # noqa: DTZ001 - the mistake this example shows
    assert timezone.is_naive(naive)
    with pytest.raises(TypeError):
        _ = naive < stored  # no zone, no moment: Python compares neither
    with pytest.raises(RuntimeWarning):
        Todo.objects.filter(created_on__gt=naive).exists()  # Django guesses and warns; tests make it an error
    # end


@pytest.mark.integration
def test_keys_are_made_before_the_insert_and_sort_by_time(user: User) -> None:
    # example: keys
    assert Todo(owner=user, title="not stored").pk is not None  # known before the insert: for events and links
    keys = [uuid7() for _ in range(1000)]
    made = [key.int >> 80 for key in keys]  # milliseconds; within one the order is random
    assert made == sorted(made)  # inserts append to the index; newest first is ORDER BY id DESC
    assert all(isinstance(key, uuid.UUID) and key.version == 7 for key in keys)
    assert not Todo._meta.get_field("id").editable  # and nobody can guess a neighbour: 74 random bits
    # end
