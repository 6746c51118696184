"""Violations survive refusal; the ban comes exactly once, exactly at the threshold."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.conf import settings
from django.db import connection, connections, transaction
from django.utils import timezone

from tests.conftest import api
from todo_app.accounts.access import AccountBanned
from todo_app.accounts.models import User
from todo_app.moderation.checks import Refusal, TextRefused
from todo_app.moderation.matcher import Hit
from todo_app.moderation.models import Violation
from todo_app.moderation.services import violation_record
from todo_app.outbox.models import Event
from todo_app.todos.models import Todo
from todo_app.todos.services import todo_create

pytestmark = pytest.mark.integration
THREADS, USERS = 24, 4


def race(user: User, word: str) -> Counter[str]:
    """THREADS posts with a banned word at once; outcomes."""
    barrier = Barrier(THREADS)

    def post(number: int) -> str:
        fresh = User.objects.get(pk=user.pk)
        barrier.wait(30)
        try:
            todo_create(owner=fresh, title=f"{word} {number}", now=timezone.now())
        except TextRefused:
            return "refused"
        except AccountBanned:
            return "banned"
        finally:
            connections.close_all()
        return "accepted"

    with ThreadPoolExecutor(THREADS) as pool:
        return Counter(pool.map(post, range(THREADS)))


def counted_right(user: User, outcomes: Counter[str]) -> bool:
    """R06: exactly the threshold counted, one ban event, nothing accepted."""
    fresh = User.objects.get(pk=user.pk)
    return (
        outcomes == {"refused": settings.BAN_THRESHOLD, "banned": THREADS - settings.BAN_THRESHOLD}
        and Violation.objects.filter(user=user).count() == settings.BAN_THRESHOLD == fresh.violation_count
        and Event.objects.filter(key=str(user.pk), type="user.banned").count() == 1
        and fresh.is_banned
        and fresh.banned_by is None
        and not Todo.objects.filter(owner=user).exists()
    )


def test_racing_violations_ban_exactly_at_the_threshold_and_once(make_user: Callable[..., User], word: str) -> None:
    for _ in range(USERS):
        user = make_user()

        outcomes = race(user, word)

        assert counted_right(user, outcomes), outcomes
        client = api(user)
        answer = client.post("/api/v1/todos", {"title": "clean"}, content_type="application/json")
        assert answer.status_code == 403


def test_without_the_lock_the_race_is_seen(
    make_user: Callable[..., User], word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: the same code without FOR UPDATE must turn the check above red."""
    plain = User.objects.all().__class__
    monkeypatch.setattr(plain, "select_for_update", lambda self, *_a, **_k: self.all())
    red = 0
    for _ in range(USERS):
        user = make_user()
        red += not counted_right(user, race(user, word))
    assert red > 0


def test_the_violation_is_kept_though_the_write_is_rolled_back(user: User, word: str) -> None:
    with pytest.raises(TextRefused):
        todo_create(owner=user, title="fine", description=f"but {word}", now=timezone.now())

    violation = Violation.objects.get(user=user)
    assert violation.words == [word]
    assert violation.text[slice(*violation.spans[0])] == word
    assert violation.words_version > 0
    assert not Todo.objects.filter(owner=user).exists()
    assert not Event.objects.filter(key=str(violation.subject_id)).exists(), "no event of a row that never was"


def test_a_violation_inside_another_transaction_would_be_lost(user: User) -> None:
    """The twin: recorded without its own transaction the row goes with the rollback; `durable` refuses that."""
    refusal = Refusal(user.pk, "bad\n", (Hit(0, 3, "bad", 1),), 1)

    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        violation_record(user=user, refusal=refusal, now=timezone.now())

    bare: Callable[..., Violation] = vars(violation_record)["__wrapped__"]

    def record_and_refuse() -> None:
        with transaction.atomic():
            bare(user=user, refusal=refusal, now=timezone.now())
            raise TextRefused(refusal)

    with pytest.raises(TextRefused):
        record_and_refuse()
    assert not Violation.objects.filter(user=user).exists()


def test_admins_are_logged_but_never_banned(admin: User, word: str) -> None:
    for number in range(settings.BAN_THRESHOLD + 1):
        with pytest.raises(TextRefused):
            todo_create(owner=admin, title=f"{word} {number}", now=timezone.now())

    fresh = User.objects.get(pk=admin.pk)
    assert Violation.objects.filter(user=admin, counted=False).count() == settings.BAN_THRESHOLD + 1
    assert (fresh.is_banned, fresh.violation_count) == (False, 0)


def test_a_new_word_works_on_the_next_request_and_a_removed_one_no_more(user: User, admin: User) -> None:
    writer, keeper = api(user), api(admin)
    text = {"title": f"about zorkmid{user.pk.int}"}

    def post() -> int:
        return writer.post("/api/v1/todos", text, content_type="application/json").status_code

    assert post() == 201

    body = {"word": f"zorkmid{user.pk.int}"}
    key = keeper.post("/api/v1/banned-words", body, content_type="application/json").json()["id"]
    assert post() == 409
    assert keeper.delete(f"/api/v1/banned-words/{key}").status_code == 204
    assert post() == 201


def test_shell_and_admin_saves_are_judged_too(user: User, word: str) -> None:
    with pytest.raises(TextRefused):
        Todo(owner=user, title=word).save()
    todo = todo_create(owner=user, title="fine", now=timezone.now())
    stored = Todo.objects.get(pk=todo.pk)
    stored.description = word
    with pytest.raises(TextRefused):
        stored.save()
    assert connection.in_atomic_block is False


def test_the_report_has_the_shape_of_the_design(user: User, admin: User, word: str) -> None:
    for text in (f"{word} {word}", word, "fine"):
        try:
            todo_create(owner=user, title=text, now=timezone.now())
        except TextRefused:
            continue

    client, cursor, found = api(admin), "", None
    while found is None:
        page = client.get(f"/api/v1/violations?limit=50{cursor}").json()
        found = next((row for row in page["data"] if row["user_id"] == str(user.pk)), None)
        cursor = f"&cursor={page['next']}"
    assert found == {"user_id": str(user.pk), "logs": [{"word": word, "count": 2}], "total": 2}
