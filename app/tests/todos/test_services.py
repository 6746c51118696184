"""A todo's life; nobody's change is lost."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connections, transaction
from django.utils import timezone

from tests.conftest import api
from todo_app.accounts.models import User
from todo_app.todos import services
from todo_app.todos.models import Status, Todo

pytestmark = pytest.mark.integration
NOW = timezone.now()
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def key(user: User) -> uuid.UUID:
    """A todo of the user."""
    return services.todo_create(owner=user, title="mine", now=NOW).pk


def test_a_todo_goes_through_its_life_with_dates_that_agree(user: User, key: uuid.UUID) -> None:
    started = services.todo_start(actor=user, key=key, now=NOW + timedelta(minutes=1))
    assert (started.status, started.completed_on) == (Status.IN_PROGRESS, None)
    done = services.todo_complete(actor=user, key=key, now=LATER)
    assert (done.status, done.started_on, done.completed_on) == (Status.DONE, NOW + timedelta(minutes=1), LATER)
    reopened = services.todo_reopen(actor=user, key=key, now=LATER)
    assert (reopened.status, reopened.started_on, reopened.completed_on) == (Status.OPEN, None, None)
    assert services.todo_cancel(actor=user, key=key, now=LATER).status == Status.CANCELLED
    assert Todo.objects.get(pk=key).version == 5


def test_dates_are_in_order_though_the_clock_was_read_before_the_wait(user: User, key: uuid.UUID) -> None:
    services.todo_start(actor=user, key=key, now=LATER)

    done = services.todo_complete(actor=user, key=key, now=NOW)  # it waited for the one that started later

    assert done.started_on == LATER
    assert done.completed_on == done.started_on + services.TICK
    assert done.updated_on >= LATER


def test_start_and_complete_at_once_never_fail(user: User) -> None:
    keys = [services.todo_create(owner=user, title="race", now=timezone.now()).pk for _ in range(15)]
    clients = {"start": api(user), "complete": api(user)}
    gate = Barrier(2)

    def step(name: str) -> list[int]:
        try:
            statuses = []
            for key in keys:
                gate.wait(timeout=30)
                statuses.append(clients[name].post(f"/api/v1/todos/{key}/{name}").status_code)
            return statuses
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        started, completed = pool.map(step, ("start", "complete"))

    assert set(completed) == {200}
    assert set(started) <= {200, 409}


def test_an_action_that_does_not_fit_is_refused(user: User, key: uuid.UUID) -> None:
    services.todo_complete(actor=user, key=key, now=LATER)

    for action in (services.todo_start, services.todo_complete, services.todo_cancel):
        with pytest.raises(services.TransitionRefused):
            action(actor=user, key=key, now=LATER)


@pytest.mark.parametrize(
    "columns",
    [
        {"status": Status.OPEN, "started_on": LATER},
        {"status": Status.IN_PROGRESS},
        {"status": Status.IN_PROGRESS, "started_on": NOW, "completed_on": LATER},
        {"status": Status.DONE, "completed_on": LATER},
        {"status": Status.DONE, "started_on": LATER},
        {"status": Status.DONE, "started_on": LATER, "completed_on": LATER},
        {"status": Status.DONE, "started_on": NOW, "completed_on": NOW - timedelta(days=1)},
        {"status": Status.CANCELLED, "completed_on": LATER},
    ],
)
def test_status_and_dates_that_do_not_agree_are_refused_twice(
    user: User, key: uuid.UUID, columns: dict[str, object]
) -> None:
    todo = Todo.objects.get(pk=key)
    for name, value in columns.items():
        setattr(todo, name, value)

    with pytest.raises(ValidationError):
        todo.clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        todo.save()


def test_a_change_without_etag_or_with_an_old_one_is_refused(user: User, key: uuid.UUID) -> None:
    client, address = api(user), f"/api/v1/todos/{key}"
    etag = client.get(address).headers["ETag"]

    def patch(title: str, **headers: str) -> int:
        return client.patch(address, {"title": title}, content_type="application/json", headers=headers).status_code

    assert patch("a") == 428
    assert patch("b", **{"If-Match": etag}) == 200
    assert patch("c", **{"If-Match": etag}) == 412
    assert patch("d", **{"If-Match": '"nonsense"'}) == 412
    for never in ('W/"2"', '"02"', '"2x"', '"2,3"', '"", "1"'):
        assert patch("e", **{"If-Match": never}) == 412, never
    assert client.get(address).json()["title"] == "b"
    for number, fits in enumerate(('"1", "2"', ',"x" ,\t"3", W/"1",', "*"), start=3):
        assert patch(f"title {number}", **{"If-Match": fits}) == 200, fits
        assert client.get(address).json()["version"] == number
    for nothing in ("2", '"2', '*, "2"', '"2" "3"', ",", 'w/"2"', '"2, 3"', "''", '"2"' * 2000):
        answer = client.patch(address, {"title": "f"}, content_type="application/json", headers={"If-Match": nothing})
        assert (answer.status_code, answer.json()["type"]) == (400, "if-match-invalid"), nothing
        assert "If-Match" in answer.json()["title"]


def edit_race(user: User, key: uuid.UUID, *, compare: bool) -> tuple[int, int]:
    """Ten edits of what was read at version 1; how many said yes, and the version afterwards."""

    def edit(number: int) -> bool:
        try:
            versions = {1} if compare else None
            fields = {"title": f"edit {number}"}
            services.todo_update(actor=user, key=key, fields=fields, versions=versions, now=timezone.now())
        except services.VersionConflict:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(10) as pool:
        accepted = sum(pool.map(edit, range(10)))
    return accepted, Todo.objects.get(pk=key).version


def test_of_concurrent_edits_of_one_version_one_wins(user: User, key: uuid.UUID) -> None:
    assert edit_race(user, key, compare=True) == (1, 2)


def test_without_the_comparison_edits_overwrite_each_other(user: User, key: uuid.UUID) -> None:
    """The twin: the same race without If-Match accepts all ten."""
    assert edit_race(user, key, compare=False) == (10, 11)


def test_a_hostile_text_is_refused_or_stored_but_never_fails(user: User) -> None:
    client = api(user)
    for title in ("\x00", "\ud800", "a" * 201, "", " \n ", "\u202e\u2066", "\U0010ffff", "'; DROP TABLE x; --"):
        body = b'{"title": ' + repr_json(title) + b"}"
        response = client.post("/api/v1/todos", body, content_type="application/json")
        assert response.status_code in {201, 400, 422}, title


def repr_json(text: str) -> bytes:
    """JSON with every character escaped, which can say what UTF-8 cannot."""
    import json

    return json.dumps(text).encode()
