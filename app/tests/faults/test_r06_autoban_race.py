"""R06: many refused texts of one user at once ban exactly at the threshold, once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.conf import settings
from django.db import connections
from django.utils import timezone

from tests.faults.harness import Fault, FaultRun
from todo_app.accounts.access import AccountBanned
from todo_app.accounts.models import User
from todo_app.moderation.checks import TextRefused
from todo_app.moderation.models import UserTotal, Violation
from todo_app.outbox.models import Event
from todo_app.todos.models import Todo
from todo_app.todos.services import todo_create

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]
FAULT = Fault(
    id="R06",
    title="autoban race",
    promise="exactly the threshold counted, one ban, nothing accepted after, counters as the log",
    defect="violations are recorded without locking the user",
)
THREADS = 24  # at once, of 64 posts


def broken(user: User, word: str) -> bool:
    """64 posts of one user, 24 at a time; whether anything is not exactly right."""
    barrier = Barrier(THREADS)

    def post(number: int) -> str:
        fresh = User.objects.get(pk=user.pk)
        if number < THREADS:
            barrier.wait(60)
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
        outcomes = list(pool.map(post, range(64)))
    fresh, wanted = User.objects.get(pk=user.pk), settings.BAN_THRESHOLD
    right = (
        outcomes.count("refused") == wanted == fresh.violation_count == Violation.objects.filter(user=user).count()
        and outcomes.count("banned") == 64 - wanted
        and UserTotal.objects.get(user=user).total == wanted
        and Event.objects.filter(key=str(user.pk), type="user.banned").count() == 1
        and fresh.is_banned
        and not Todo.objects.filter(owner=user).exists()
    )
    return not right


def test_promise_holds(fault_run: FaultRun, make_user: Callable[..., User], word: str) -> None:
    failures = sum(broken(make_user(), word) for _ in range(fault_run.rounds))
    fault_run.verdict(n=fault_run.rounds, failures=failures, note="users with 64 posts each")


def test_defect_turns_it_red(
    fault_run: FaultRun, make_user: Callable[..., User], word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = User.objects.all().__class__
    monkeypatch.setattr(plain, "select_for_update", lambda self, *_a, **_k: self.all())
    failures = sum(broken(make_user(), word) for _ in range(fault_run.rounds))
    fault_run.verdict(n=fault_run.rounds, failures=failures)
