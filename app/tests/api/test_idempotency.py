"""One effect and one answer per Idempotency-Key."""

import secrets
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from tests.conftest import api
from todo_app.accounts import bans
from todo_app.accounts.models import User
from todo_app.common import idempotency
from todo_app.common.models import IdempotencyKey, IdempotencyStep
from todo_app.moderation.models import Violation
from todo_app.outbox.models import Event
from todo_app.todos.models import Recurrence, Todo

pytestmark = pytest.mark.integration


def post(user: User, body: object, key: str, path: str = "todos") -> Any:  # noqa: ANN401 - Django's test response
    """A POST with a key."""
    return api(user).post(f"/api/v1/{path}", body, content_type="application/json", headers={"Idempotency-Key": key})


@pytest.fixture
def key() -> str:
    """A key as clients make it."""
    return f'"{uuid.uuid4()}"'


def test_a_repeat_has_the_stored_answer_and_no_effect(user: User, key: str) -> None:
    first = post(user, {"title": "once", "tags": ["a"]}, key)
    again = post(user, {"tags": ["a"], "title": "once"}, key.strip('"'))

    assert first.status_code == again.status_code == 201
    assert again.content == first.content
    for name in ("ETag", "Location", "Content-Type"):
        assert again.headers[name] == first.headers[name]
    assert (first.headers.get("Idempotency-Replayed"), again.headers["Idempotency-Replayed"]) == (None, "true")
    assert Todo.objects.filter(owner=user).count() == 1


def test_a_replayed_refusal_counts_nothing(user: User, word: str, key: str) -> None:
    answers = [post(user, {"title": word}, key) for _ in range(3)]

    assert {answer.status_code for answer in answers} == {409}
    assert len({answer.content for answer in answers}) == 1
    assert answers[2].headers["Content-Type"] == "application/problem+json"
    user.refresh_from_db()
    assert (Violation.objects.filter(user=user).count(), user.violation_count) == (1, 1)


def test_a_key_stands_for_one_request_of_one_user_on_one_route(
    user: User, make_user: Callable[..., User], key: str
) -> None:
    assert post(user, {"title": "a"}, key).status_code == 201

    reused = post(user, {"title": "b"}, key)
    assert (reused.status_code, reused.json()["type"]) == (422, "idempotency-key-reused")
    assert post(make_user(), {"title": "b"}, key).status_code == 201
    assert Todo.objects.filter(owner=user).count() == 1


@pytest.mark.parametrize("bad", ["", " ", "x" * 201, '"open', "two words", "\u00fc"])
def test_what_is_no_key_is_refused(user: User, bad: str) -> None:
    response = post(user, {"title": "a"}, bad.encode().decode("latin-1"))

    assert (response.status_code, response.json()["type"]) == (400, "idempotency-key-invalid")
    assert not Todo.objects.filter(owner=user).exists()


def test_a_request_in_flight_is_told_and_after_its_lease_repeated(
    user: User, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_args: object, **_named: object) -> None:
        raise KeyboardInterrupt  # as a killed process: nothing is released

    with monkeypatch.context() as patch:
        patch.setattr("todo_app.todos.services.todo_create", crash)
        with pytest.raises(KeyboardInterrupt):
            post(user, {"title": "a"}, key)

    waiting = post(user, {"title": "a"}, key)
    assert (waiting.status_code, waiting.json()["type"]) == (409, "idempotency-key-in-flight")
    assert "Retry-After" in waiting.headers
    IdempotencyKey.objects.filter(user_id=user.pk).update(leased_until=timezone.now())
    assert post(user, {"title": "a"}, key).status_code == 201
    assert Todo.objects.filter(owner=user).count() == 1


def test_an_attempt_that_lost_its_lease_has_no_effect(user: User, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    keep = idempotency.outcome_keep

    def late(outcome: object) -> None:
        IdempotencyKey.objects.filter(user_id=user.pk).update(attempt=uuid.uuid4())  # somebody took over
        keep(outcome)

    monkeypatch.setattr("todo_app.todos.services.outcome_keep", late)

    assert post(user, {"title": "a"}, key).status_code == 409
    assert not Todo.objects.filter(owner=user).exists()


def test_our_own_failure_can_be_repeated_at_once(user: User, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_named: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr("todo_app.todos.services.todo_create", fail)
        assert post(user, {"title": "a"}, key).status_code == 500

    assert post(user, {"title": "a"}, key).status_code == 201


def test_a_bulk_ban_that_broke_off_is_continued_not_repeated(
    admin: User, make_user: Callable[..., User], key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = [make_user() for _ in range(6)]
    missing = uuid.uuid4()
    body = {"user_ids": [str(user.pk) for user in users] + [str(missing)], "action": "toggle", "reason": "test"}
    monkeypatch.setattr(bans, "BATCH", 2)
    honest, calls = bans._write, []

    def breaks(users: Any, **named: Any) -> None:  # noqa: ANN401 - _write's own
        calls.extend(users)
        if len(calls) > 4:
            raise RuntimeError
        honest(users, **named)

    with monkeypatch.context() as patch:
        patch.setattr(bans, "_write", breaks)
        assert post(admin, body, key, "users/ban").status_code == 500
    answer, again = post(admin, body, key, "users/ban"), post(admin, body, key, "users/ban")

    assert answer.status_code == 200
    assert answer.json()["changed"] == body["user_ids"][:6]
    assert answer.json()["not_found"] == [str(missing)]
    assert again.content == answer.content
    assert User.objects.filter(pk__in=[user.pk for user in users], is_banned=True).count() == 6
    keys = [str(user.pk) for user in users]
    assert Event.objects.filter(type="user.banned", key__in=keys).count() == 6


def test_an_old_key_is_new_again_and_maintenance_deletes_it(user: User, key: str) -> None:
    assert post(user, {"title": "a"}, key).status_code == 201
    IdempotencyKey.objects.filter(user_id=user.pk).update(expires_on=timezone.now() - timedelta(seconds=1))
    assert post(user, {"title": "b"}, key).status_code == 201
    row = IdempotencyKey.objects.get(user_id=user.pk)
    old = timezone.now() - timedelta(hours=25)
    IdempotencyStep.objects.create(key_id=row.pk, subject_id=user.pk, outcome="changed", created_on=old)

    IdempotencyKey.objects.filter(user_id=user.pk).update(expires_on=timezone.now() - timedelta(seconds=1))
    call_command("maintenance")

    assert not IdempotencyKey.objects.filter(user_id=user.pk).exists()
    assert not IdempotencyStep.objects.filter(key_id=row.pk).exists()


def test_an_answer_too_large_to_keep_is_made_again(user: User, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "ANSWER_MAX", 10)
    body = {"user_ids": [str(uuid.uuid4())], "action": "ban", "reason": secrets.token_hex(3)}
    user.role = "admin"
    user.save()

    assert post(user, body, key, "users/ban").status_code == 200
    IdempotencyKey.objects.filter(user_id=user.pk).update(leased_until=timezone.now())
    assert post(user, body, key, "users/ban").json()["not_found"] == body["user_ids"]


def test_a_step_is_taken_once_per_key(user: User, key: str) -> None:
    todo = post(user, {"title": "a"}, "make").json()["id"]
    again = post(user, {"title": "a", "rule": "FREQ=DAILY", "starts_on": "2066-01-01T00:00:00Z"}, "make", "recurrences")
    again = again.json()["id"]
    steps = [f"todos/{todo}/{name}" for name in ("start", "complete", "reopen", "cancel")]
    steps += [f"recurrences/{again}/{name}" for name in ("pause", "resume")]
    for path in steps:
        first, repeat = post(user, {}, key, path), post(user, {}, key, path)

        assert (first.status_code, repeat.status_code) == (200, 200), path
        assert repeat.content == first.content
        assert repeat.headers["ETag"] == first.headers["ETag"]
        assert repeat.headers["Idempotency-Replayed"] == "true"
    # after other steps still the first answer, and no further effect
    late = api(user).post(f"/api/v1/todos/{todo}/start", headers={"Idempotency-Key": "bare"})
    assert late.status_code == 409
    assert post(user, {}, key, f"todos/{todo}/start").json()["status"] == "in_progress"
    assert Todo.objects.get(pk=todo).status == "cancelled"


@pytest.mark.parametrize("module", ["services", "recurrences"])
def test_a_step_whose_lease_was_lost_has_no_effect(
    user: User, key: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    todo = post(user, {"title": "a"}, "make").json()["id"]
    again = post(user, {"title": "a", "rule": "FREQ=DAILY", "starts_on": "2066-01-01T00:00:00Z"}, "make", "recurrences")
    path = f"todos/{todo}/start" if module == "services" else f"recurrences/{again.json()['id']}/pause"
    keep = idempotency.outcome_keep

    def late(outcome: object) -> None:
        IdempotencyKey.objects.filter(user_id=user.pk, status=None).update(attempt=uuid.uuid4())
        keep(outcome)

    monkeypatch.setattr(f"todo_app.todos.{module}.outcome_keep", late)

    assert post(user, {}, key, path).status_code == 409
    assert Todo.objects.get(pk=todo).status == "open"
    assert Recurrence.objects.get(pk=again.json()["id"]).paused_on is None
