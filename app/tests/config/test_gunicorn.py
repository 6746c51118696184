"""The real server: drains on SIGTERM, logs JSON without anybody's text, counts over all workers."""

import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import transaction
from django.utils import timezone

from tests.servers import Servers
from tests.web import Web, running_web
from todo_app.accounts.models import User
from todo_app.accounts.services import token_create
from todo_app.todos.models import Todo
from todo_app.todos.services import todo_create

pytestmark = pytest.mark.integration
IN_FLIGHT = 6
ATTEMPTS = 10  # to have all of them wait at once, on a machine with other work


@pytest.fixture
def grace() -> int:
    """Seconds the server gives requests after SIGTERM."""
    return 15


@pytest.fixture
def web(servers: Servers, tmp_path: Path, grace: int) -> Iterator[Web]:
    """Two workers."""
    settings = {"TODO_GRACEFUL_TIMEOUT": str(grace), "TODO_DATABASE_POOL_MAX": str(IN_FLIGHT)}
    with running_web(servers, tmp_path, **settings) as running:
        yield running


def drain(web: Web, user: User) -> list[object]:
    """Requests that wait for a row lock while the server is told to stop; what became of each."""
    token = token_create(user=user, name="", now=timezone.now()).text
    key = todo_create(owner=user, title="mine", now=timezone.now()).pk

    def change(number: int) -> object:
        try:
            return web.call(f"/api/v1/todos/{key}", token=token, method="PATCH", body={"title": f"title {number}"})
        except OSError as error:
            return type(error).__name__

    for _ in range(ATTEMPTS):
        with ThreadPoolExecutor(IN_FLIGHT) as pool:
            with transaction.atomic():
                Todo.objects.select_for_update().get(pk=key)
                waiting = [pool.submit(change, number) for number in range(IN_FLIGHT)]
                together = web.until_waiting(IN_FLIGHT, seconds=2.0)  # each waits 5 s for the lock at most
                if together:
                    web.process.terminate()
                    time.sleep(2.0)
            outcomes = [one.result() for one in waiting]
        if together:
            return outcomes
    raise AssertionError(f"{IN_FLIGHT} requests never waited together: the machine is too slow")


def test_requests_in_flight_complete_after_sigterm(web: Web, user: User) -> None:
    outcomes = drain(web, user)

    assert outcomes == [200] * IN_FLIGHT
    assert web.process.wait(20) == 0


@pytest.mark.parametrize("grace", [1])
def test_requests_in_flight_are_lost_when_the_grace_is_too_short(web: Web, user: User) -> None:
    """The twin: with one second of grace the same requests must fail, else the test above sees nothing."""
    outcomes = drain(web, user)

    assert [outcome for outcome in outcomes if outcome != 200]


def test_logs_are_json_without_text_of_users_and_metrics_count_all_workers(web: Web, user: User) -> None:
    token = token_create(user=user, name="", now=timezone.now()).text
    for number in range(20):
        assert web.call("/api/v1/todos", token=token, method="POST", body={"title": f"canary-title {number}"}) == 201
    web.call("/canary-path?canary-query=1")
    web.call("/api/v1/auth/tokens", method="POST", body={"username": "canary-name", "password": "canary-password"})

    with urllib.request.urlopen(web.metrics, timeout=5) as response:  # noqa: S310 - loopback
        figures = response.read().decode()
    assert 'todo_http_requests_total{method="POST",route="/api/v1/todos",status="201"} 20.0' in figures
    assert "canary" not in figures
    with pytest.raises(urllib.error.HTTPError) as other:
        urllib.request.urlopen(web.metrics.replace("/metrics", "/"), timeout=5)  # noqa: S310 - loopback
    other.value.close()

    text = web.log.read_text(encoding="utf-8")
    for canary in ("canary", user.username, token):
        assert canary not in text
    lines = web.lines()
    requests = [line for line in lines if line["event"] == "request"]
    assert len(requests) >= 22
    assert all(
        {"method", "route", "status", "ms", "request_id", "level", "timestamp"} <= set(line) for line in requests
    )
    assert [line for line in lines if line["level"] in {"error", "critical"}] == []
