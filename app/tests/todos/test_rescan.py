"""A re-scan flags what a later list refuses, counts nothing, and goes on where it stopped."""

import secrets
from datetime import datetime
from functools import partial
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from tests.locks import locked
from todo_app.accounts.models import User
from todo_app.moderation.models import Flag, Rescan, Violation
from todo_app.moderation.services import word_add, word_delete
from todo_app.todos import rescan as module
from todo_app.todos.models import Todo
from todo_app.todos.recurrences import recurrence_create
from todo_app.todos.rrule import Rule
from todo_app.todos.services import todo_create

pytestmark = pytest.mark.integration


def test_old_texts_are_flagged_until_the_word_is_gone(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    text = f"later{secrets.token_hex(6)}"
    todos = [todo_create(owner=user, title=f"{text} {number}", now=timezone.now()) for number in range(5)]
    row = word_add(word=text, severity=3, now=timezone.now())

    with monkeypatch.context() as patch:
        patch.setattr(module, "BATCH", 2)
        stopped = module.rescan(now=timezone.now(), batches=1)
    assert (stopped.judged, stopped.finished_on) == (2, None)
    told, progress = StringIO(), StringIO()
    call_command("rescan", stdout=told, stderr=progress)

    assert {flag.subject_id for flag in Flag.objects.filter(user=user)} == {todo.pk for todo in todos}
    assert [flag.words for flag in Flag.objects.filter(user=user)] == [[text]] * 5
    assert not Violation.objects.filter(user=user).exists()
    assert User.objects.get(pk=user.pk).violation_count == 0
    assert "remaining" in progress.getvalue()
    assert Rescan.objects.get(words_version=stopped.words_version).judged >= 5

    word_delete(word=row)
    call_command("rescan", stdout=told, stderr=progress)
    assert not Flag.objects.filter(user=user).exists()


def test_recurrences_are_judged_too_in_turn_with_todos(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH", 2)
    text, now, daily = f"later{secrets.token_hex(6)}", timezone.now(), Rule("FREQ=DAILY")
    bad = []
    for number in range(3):
        title = f"{text} {number}"
        bad.append(todo_create(owner=user, title=title, now=now).pk)
        make = partial(recurrence_create, owner=user, rule=daily, time_zone="UTC", starts_on=now, now=now)
        bad += [make(title="fine", tags=[f"{text}{number}"]).pk, make(title=title).pk]
    row = word_add(word=text, severity=3, now=now)

    while (run := module.rescan(now=now, batches=1)).finished_on is None:
        pass

    flagged = set(Flag.objects.filter(user=user).values_list("subject_id", flat=True))
    assert flagged == {key for number, key in enumerate(bad) if number % 3 != 1}, "a tag that goes on is another word"
    assert run.judged == module.texts()
    assert not Violation.objects.filter(user=user).exists()
    word_delete(word=row)


def test_the_run_and_its_todos_are_locked_while_they_are_judged(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    todo_create(owner=user, title="locked", now=timezone.now())
    word_add(word=f"later{secrets.token_hex(6)}", severity=3, now=timezone.now())
    honest, seen = module._judged, []

    def judged(todo: Todo, *, run: Rescan, now: datetime) -> bool:
        if todo.owner_id == user.pk:
            seen.append((locked(Todo.objects.filter(pk=todo.pk)), locked(Rescan.objects.filter(pk=run.pk))))
        return honest(todo, run=run, now=now)

    monkeypatch.setattr(module, "_judged", judged)
    module.rescan(now=timezone.now())

    assert seen == [(True, True)]
