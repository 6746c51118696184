"""R10: two web processes, writers on both, a ban through one: what starts after its answer is refused everywhere."""

import json
import random
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from http.client import HTTPConnection

import pytest
from django.utils import timezone

from tests.faults.harness import Fault, FaultRun
from tests.faults.web_process import serving
from tests.servers import Servers, free_port
from todo_app.accounts.models import User
from todo_app.accounts.services import token_create

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]
FAULT = Fault(
    id="R10",
    title="ban-linearizable",
    promise="after a ban is acknowledged, no write that starts later is accepted by any process",
    defect="each process remembers for seconds whom a token belongs to",
)
WRITERS = 4
OPERATIONS = 100  # of one history


def call(connection: HTTPConnection, path: str, token: str, body: Mapping[str, object]) -> int:
    """The status of one POST."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Host": "127.0.0.1"}
    connection.request("POST", path, json.dumps(body), headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status


def history(ports: list[int], user: User, admin_token: str, chance: random.Random) -> tuple[int, int]:
    """Writes that started after the ban's answer, and how many of them were accepted."""
    token = token_create(user=user, name="", now=timezone.now()).text
    seen: list[tuple[float, int]] = []
    banned = threading.Event()

    def write(number: int) -> None:
        after = 0
        for _ in range(OPERATIONS // WRITERS):
            connection = HTTPConnection("127.0.0.1", ports[number % len(ports)], timeout=20)
            was_banned, started = banned.is_set(), time.monotonic()
            seen.append((started, call(connection, "/api/v1/todos", token, {"title": "x"})))
            connection.close()
            after += was_banned
            if after >= 5:
                break

    threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    time.sleep(chance.uniform(0.02, 0.25))
    connection = HTTPConnection("127.0.0.1", chance.choice(ports), timeout=20)
    body = {"user_ids": [str(user.pk)], "action": "ban", "reason": "history"}
    assert call(connection, "/api/v1/users/ban", admin_token, body) == 200
    acknowledged = time.monotonic()
    banned.set()
    connection.close()
    for thread in threads:
        thread.join()
    later = [status for started, status in seen if started > acknowledged]
    return len(later), sum(status < 400 for status in later)


def probe(run: FaultRun, database: Servers, make_user: Callable[..., User], admin: User) -> None:
    """`rounds` histories."""
    chance, total, accepted = run.random, 0, 0
    admin_token = token_create(user=admin, name="", now=timezone.now()).text
    with ExitStack() as stack:
        ports = [
            stack.enter_context(
                serving(database.environment(), port=free_port(), defect="remembered-tokens" if run.defective else "")
            )
            for _ in range(2)
        ]
        for _ in range(run.rounds):
            later, bad = history(ports, make_user(), admin_token, chance)
            total, accepted = total + later, accepted + bad
    assert total >= run.rounds, "too few writes started after a ban"
    run.verdict(n=total, failures=accepted, note=f"{run.rounds} histories of up to {OPERATIONS} writes, 2 processes")


def test_promise_holds(fault_run: FaultRun, database: Servers, make_user: Callable[..., User], admin: User) -> None:
    probe(fault_run, database, make_user, admin)


def test_defect_turns_it_red(
    fault_run: FaultRun, database: Servers, make_user: Callable[..., User], admin: User
) -> None:
    probe(fault_run, database, make_user, admin)
