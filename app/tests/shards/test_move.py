"""Moving a user loses nothing, whenever it is killed and whoever writes meanwhile."""

import multiprocessing
import os
import signal
import threading
import uuid
from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connections
from django.db.backends.postgresql.base import DatabaseWrapper
from django.utils import timezone

from tests.conftest import api
from todo_app.accounts.models import User
from todo_app.common.shards import on_shard
from todo_app.moderation.models import Violation
from todo_app.outbox.models import Event
from todo_app.shards import fences, move
from todo_app.shards.copying import CopyDiffers
from todo_app.shards.homes import UserMoving, home_of
from todo_app.shards.models import Away, UserHome
from todo_app.todos.models import Todo
from todo_app.todos.services import todo_create

pytestmark = pytest.mark.integration
STEPS = ("begun", "fenced", "drained", "copying", "copied", "switched", "leaving", "left")
JSON = "application/json"


def full(user: User, word: str) -> None:
    """Give the user rows in several tables."""
    client = api(user)
    for number in range(5):
        assert client.post("/api/v1/todos", {"title": f"n {number}"}, content_type=JSON).status_code == 201
    assert client.post("/api/v1/todos", {"title": word}, content_type=JSON).status_code == 409


def rows(alias: str, user: User) -> tuple[set[uuid.UUID], set[uuid.UUID], set[uuid.UUID]]:
    """Keys of the user's todos, violations and unpublished events of its todos on a database."""
    with on_shard(alias):
        todos = set(Todo.objects.filter(owner=user).values_list("pk", flat=True))
        violations = set(Violation.objects.filter(user=user).values_list("pk", flat=True))
        keys = [str(key) for key in (*todos, user.pk)]
        events = set(Event.objects.filter(key__in=keys, published_on=None).values_list("pk", flat=True))
        return todos, violations, events


def killed_at(step: str, user: User) -> int:
    """Move in a process that kills itself when it gets there; its exit code."""

    def die(reached: str) -> None:
        if reached == step:
            os.kill(os.getpid(), signal.SIGKILL)

    def child() -> None:
        DatabaseWrapper._connection_pools.clear()  # type: ignore[attr-defined]  # not in the stubs; the parent's connections are not ours
        thread = threading.Thread(
            target=lambda: move.user_move(user_id=user.pk, target="s1", now=timezone.now(), step=die)
        )
        thread.start()
        thread.join()

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join(60)
    return process.exitcode or 0


def test_everything_goes_along_and_a_name_stays(user: User, word: str) -> None:
    full(user, word)
    before = rows("default", user)
    assert [len(keys) for keys in before] == [5, 1, 8]

    call_command("move_user", str(user.pk), "s1")

    assert rows("s1", user) == before
    assert rows("default", user) == (set(), set(), set())
    stub = User.objects.get(pk=user.pk)
    assert (stub.username, stub.violation_count) == (user.username, 0)
    assert not stub.has_usable_password()
    call_command("move_user", str(user.pk), "default")
    assert rows("default", user) == before
    assert User.objects.get(pk=user.pk).violation_count == 1
    assert rows("s1", user) == (set(), set(), set())


@pytest.mark.parametrize("step", STEPS)
def test_a_move_killed_at_any_step_leaves_one_owner_and_is_finished_by_running_it_again(
    step: str, user: User, word: str
) -> None:
    full(user, word)
    before = rows("default", user)

    assert killed_at(step, user) == -signal.SIGKILL

    row = UserHome.objects.get(pk=user.pk)
    assert rows(row.shard, user) == before
    with pytest.raises(UserMoving):
        home_of(user.pk)
    call_command("move_user", str(user.pk), "s1")
    assert home_of(user.pk) == "s1"
    assert rows("s1", user) == before
    assert rows("default", user) == (set(), set(), set())


def write_while_moving(user: User) -> tuple[int, int]:
    """Todos that the API acknowledged during a move, and those found afterwards."""
    client, acknowledged, stop = api(user), [], threading.Event()

    def write() -> None:
        try:
            while not stop.is_set():
                answer = client.post("/api/v1/todos", {"title": "during"}, content_type=JSON)
                assert answer.status_code in {201, 503}, answer.content
                acknowledged.extend([answer.json()["id"]] if answer.status_code == 201 else [])
        finally:
            connections.close_all()

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    threading.Event().wait(0.3)
    move.user_move(user_id=user.pk, target="s1", now=timezone.now())
    threading.Event().wait(0.3)
    stop.set()
    for writer in writers:
        writer.join(30)
    with on_shard("s1"):
        return len(acknowledged), Todo.objects.filter(pk__in=acknowledged).count()


def test_what_is_written_meanwhile_is_refused_or_kept(user: User) -> None:
    acknowledged, found = write_while_moving(user)

    assert acknowledged > 0
    assert found == acknowledged


def test_without_the_fence_a_late_write_would_be_lost(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: a transaction that began before the move and ends after the copy."""
    monkeypatch.setattr(move, "fence", lambda _user_id: None)
    monkeypatch.setattr(move, "drain", lambda: None)

    def late(step: str) -> None:
        if step == "copied":
            todo_create(owner=user, title="late", now=timezone.now())

    move.user_move(user_id=user.pk, target="s1", now=timezone.now(), step=late)

    assert not any(todo for todo, *_ in [rows("s1", user)])


def test_the_fence_refuses_a_late_write(user: User) -> None:
    def late(step: str) -> None:
        if step == "copied":
            with pytest.raises(OperationalError, match="not at home"):
                todo_create(owner=user, title="late", now=timezone.now())

    move.user_move(user_id=user.pk, target="s1", now=timezone.now(), step=late)

    assert Away.objects.filter(pk=user.pk).exists()
    with pytest.raises(OperationalError, match="not at home"):
        todo_create(owner=user, title="stray", now=timezone.now())


def test_a_move_waits_for_a_write_that_passed_before_the_fence(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import transaction

    monkeypatch.setattr(fences, "DRAIN_WAIT", 0.5)
    entered, leave = threading.Event(), threading.Event()

    def slow() -> None:
        try:
            with transaction.atomic():
                todo_create(owner=user, title="slow", now=timezone.now())
                entered.set()
                leave.wait(20)
        finally:
            connections.close_all()

    writer = threading.Thread(target=slow)
    writer.start()
    entered.wait(10)
    with pytest.raises(fences.DrainTimeout):
        move.user_move(user_id=user.pk, target="s1", now=timezone.now())
    leave.set()
    writer.join(10)
    move.user_move(user_id=user.pk, target="s1", now=timezone.now())
    assert len(rows("s1", user)[0]) == 1


def test_a_copy_that_differs_is_never_switched_to(user: User, word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    full(user, word)

    def damage(step: str) -> None:
        if step == "copying":
            with connections["s1"].cursor() as cursor:
                cursor.execute("UPDATE todos_todo SET title = 'other' WHERE owner_id = %s", [user.pk])

    with pytest.raises(CopyDiffers, match="todos_todo: 5 rows"):
        move.user_move(user_id=user.pk, target="s1", now=timezone.now(), step=damage)
    assert UserHome.objects.get(pk=user.pk).shard == "default"
    assert rows("s1", user) == (set(), set(), set())


def test_who_cannot_move_is_told_why(user: User, admin: User, make_user: Callable[..., User]) -> None:
    for who, shard, why in (
        (admin.pk, "s1", "administrators"),
        (uuid.uuid4(), "s1", "no such user"),
        (user.pk, "s9", "'s9' is not a shard; there are: default, s1"),
    ):
        with pytest.raises(CommandError, match=why):
            call_command("move_user", str(who), shard)
    assert not UserHome.objects.filter(pk__in=[user.pk, admin.pk]).exists()
