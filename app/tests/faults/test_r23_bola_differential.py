"""R23: two tenants; every address and filter with the other's key answers as with a key that is nobody's."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.access import API, KEY
from tests.conftest import api
from tests.faults.harness import Fault, FaultRun
from tests.faults.timing import Telling, timed
from todo_app.accounts.models import User
from todo_app.accounts.services import token_create
from todo_app.todos.models.todo import TodoQuerySet
from todo_app.todos.recurrences import recurrence_create
from todo_app.todos.rrule import Rule
from todo_app.todos.services import todo_create

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]
FAULT = Fault(
    id="R23",
    title="bola-differential",
    promise="another tenant's object is as absent as none: same status, body and time, in addresses, filters and lists",
    defect="objects are found by key alone",
)
BODIES: dict[str, dict[str, Any]] = {"todos": {"title": "stolen"}, "recurrences": {"title": "stolen"}}
SAMPLES = 600  # of each case and route, at full count
PRIVATE = ("todos", "recurrences", "auth/tokens")


def routes() -> list[tuple[str, str]]:
    """All routes with a key below private resources."""
    return [(r, m) for r, m in API if KEY in r and any(r.startswith(f"api/v1/{name}/") for name in PRIVATE)]


def owned(victim: User) -> dict[str, uuid.UUID]:
    """One object of each kind; its texts are canaries."""
    now, daily = timezone.now(), Rule("FREQ=DAILY")
    canary = f"canary {victim.pk}"
    todo = todo_create(owner=victim, title=canary, tags=[f"tag {victim.pk}"], due_on=now + timedelta(days=1), now=now)
    row = recurrence_create(owner=victim, title=canary, rule=daily, time_zone="UTC", starts_on=now, now=now)
    return {
        "todos": todo.pk,
        "recurrences": row.pk,
        "auth/tokens": token_create(user=victim, name=canary, now=now).row.pk,
    }


def asked(client: Client, route: str, method: str, key: uuid.UUID) -> tuple[int, bytes]:
    """Status and body, the key itself blotted out."""
    body = next((body for name, body in BODIES.items() if f"/{name}/" in route), {})
    address = "/" + route.replace(KEY, str(key))
    headers = {"If-Match": "*"} if method == "PATCH" else {}
    sent = body if method == "PATCH" else {}
    call = getattr(client, method.lower())
    answer = call(address, sent, headers=headers, **({} if method == "GET" else {"content_type": "application/json"}))
    return answer.status_code, answer.content.replace(str(key).encode(), b"KEY")


def oracles(run: FaultRun, make_user: Callable[..., User]) -> list[tuple[str, Telling]]:
    """For each route how well time tells an object that is another's from one that is nobody's."""
    thief, victim = make_user(), make_user()
    client, keys, found, samples = api(thief), owned(victim), [], SAMPLES if run.full else 2
    for route, method in routes():
        key = keys[next(name for name in PRIVATE if route.startswith(f"api/v1/{name}/"))]
        nobodys = uuid.UUID(int=key.int ^ 1)  # beside it in every index
        there, nowhere = partial(asked, client, route, method, key), partial(asked, client, route, method, nobodys)
        found.append((f"{method} {route}", timed(there, nowhere, samples=samples, chance=run.random)))
    return found


def lists(thief: User, victim: User, keys: dict[str, uuid.UUID]) -> tuple[int, int]:
    """Lists with the other's names in every filter: how many were asked, how many told something of the victim."""
    client, n, leaks = api(thief), 0, 0
    theirs = api(victim).get("/api/v1/todos", {"limit": "1", "order": "due"}).json()
    cursor = {"cursor": theirs["next"]} if theirs["next"] else {}
    filters: list[dict[str, str]] = [
        {}, {"scope": "all"}, {"scope": "assigned"}, {"assignee": str(victim.pk)}, {"tag": f"tag {victim.pk}"},
        {"q": "canary"}, {"scope": "all", "q": str(victim.pk)}, {"order": "due", **cursor},
        {"scope": "all", "overdue": "false"},
    ]  # fmt: skip
    addresses = [("todos", given) for given in filters] + [("todos/export", given) for given in filters[:7]]
    addresses += [("todos/tags", {}), ("recurrences", {}), ("auth/tokens", {}), ("auth/me", {})]
    for path, given in addresses:
        answer: Any = client.get(f"/api/v1/{path}", given)
        whole = b"".join(answer.streaming_content) if answer.streaming else answer.content
        n += 1
        leaks += answer.status_code != 200 or any(str(key).encode() in whole for key in (victim.pk, *keys.values()))
    return n, leaks


def probe(run: FaultRun, make_user: Callable[..., User], monkeypatch: pytest.MonkeyPatch) -> None:
    """`rounds` pairs of tenants, both ways round."""
    n = failures = 0
    if run.defective:
        monkeypatch.setattr(TodoQuerySet, "visible_to", lambda self, _user: self.all())
    for _ in range(run.rounds):
        pair = [make_user(), make_user()]
        for thief, victim in (pair, pair[::-1]):
            keys, client = owned(victim), api(thief)
            for route, method in routes():
                kind = next(name for name in PRIVATE if route.startswith(f"api/v1/{name}/"))
                there, nowhere = asked(client, route, method, keys[kind]), asked(client, route, method, uuid.uuid4())
                n += 1
                failures += there != nowhere or there[0] != 404
            asked_for, leaks = lists(thief, victim, keys)
            n, failures = n + asked_for, failures + leaks
            before = api(victim).get(f"/api/v1/todos/{keys['todos']}").json()
            failures += before.get("title") != f"canary {victim.pk}"
    assert len(routes()) >= 12, "routes are missing"
    told = [] if run.defective else oracles(run, make_user)
    failures += sum(telling.broken for _, telling in told)
    worst = max(told, key=lambda each: each[1].area, default=("", "not judged"))
    run.verdict(n=n, failures=failures, note=f"{len(routes())} routes with a key; {worst[0]}: {worst[1]}")


def test_promise_holds(fault_run: FaultRun, make_user: Callable[..., User], monkeypatch: pytest.MonkeyPatch) -> None:
    probe(fault_run, make_user, monkeypatch)


def test_defect_turns_it_red(
    fault_run: FaultRun, make_user: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    probe(fault_run, make_user, monkeypatch)
