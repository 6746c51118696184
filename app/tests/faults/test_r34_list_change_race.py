"""R34: while the list changes, each text is judged by one version of it, which the verdict names."""

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from django.db import connections, transaction
from django.utils import timezone

from tests.faults.harness import Fault, FaultRun
from todo_app.accounts.models import Role, User
from todo_app.moderation import checks, word_list
from todo_app.moderation.checks import TextRefused
from todo_app.moderation.matcher import Matcher
from todo_app.moderation.models import BannedWord
from todo_app.moderation.selectors import words_version
from todo_app.moderation.services import word_add
from todo_app.todos.services import todo_create

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]
FAULT = Fault(
    id="R34",
    title="list change race",
    promise="both words of a pair are seen or none, by a version not older than the one known before",
    defect="a process keeps the copy of the list it has",
)
WRITERS, POSTS = 4, 25
FEWEST = 8  # changes of the list that a run must have seen, on a busy machine too


def new_pair() -> tuple[str, str]:
    """Two words that nobody else has."""
    name = secrets.token_hex(6)
    return f"pair{name}l", f"pair{name}r"


def probe(fault_run: FaultRun, make_user: Callable[..., User], pair: tuple[str, str]) -> None:
    """A pair of words comes and goes in one transaction each; a text with both is refused for both or not at all."""
    left, right = pair
    stop, judged, wrong, changes = Event(), 0, 0, 0

    def keep() -> None:
        nonlocal changes
        while not stop.is_set():
            with transaction.atomic():
                rows = list(BannedWord.objects.filter(word__in=(left, right)))
                for row in rows:
                    row.delete()
                for text in () if rows else (left, right):
                    word_add(word=text, severity=1, now=timezone.now())
            changes += 1
            stop.wait(0.01)
        connections.close_all()

    def post(user: User) -> int:
        bad = 0
        for _ in range(POSTS):
            before = words_version()
            try:
                todo_create(owner=user, title=f"{left} {right}", now=timezone.now())
            except TextRefused as refused:
                bad += len(refused.refusal.words) != 2 or refused.refusal.words_version < before
        connections.close_all()
        return bad

    with ThreadPoolExecutor(WRITERS + 1) as pool:
        keeper = pool.submit(keep)
        try:
            rounds = 0
            while rounds < fault_run.rounds or (changes < FEWEST and not keeper.done()):
                found = list(pool.map(post, [make_user(role=Role.ADMIN) for _ in range(WRITERS)]))
                judged, wrong, rounds = judged + POSTS * len(found), wrong + sum(found), rounds + 1
        finally:
            stop.set()
        keeper.result(60)
    assert changes >= FEWEST, "the list never changed"
    fault_run.verdict(n=judged, failures=wrong, note=f"{changes} changes of the list")


def test_promise_holds(fault_run: FaultRun, make_user: Callable[..., User]) -> None:
    probe(fault_run, make_user, new_pair())


def test_defect_turns_it_red(
    fault_run: FaultRun, make_user: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once it has a copy with the pair a process judges by that one."""
    pair, kept = new_pair(), list[Matcher]()

    def stale(*, seen_version: int | None) -> Matcher:
        judge = word_list.matcher(seen_version=seen_version)
        if any(judge.hits(pair[0])):
            kept.append(judge)
        return kept[0] if kept else judge

    monkeypatch.setattr(checks, "matcher", stale)
    probe(fault_run, make_user, pair)
