"""R09: clients send each POST again, at once and later, and some hang up before the answer."""

import json
import secrets
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException

import pytest
from django.utils import timezone

from tests.faults.harness import Fault, FaultRun
from tests.faults.web_process import serving
from tests.servers import Servers, free_port
from todo_app.accounts.models import User
from todo_app.accounts.services import token_create
from todo_app.common.models import IdempotencyKey
from todo_app.todos.models import Todo

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]
FAULT = Fault(
    id="R09",
    title="retry-storm",
    promise="a POST that is sent again with its Idempotency-Key, even after a cut connection, makes no second row",
    defect="the key of a request is ignored",
)
THREADS = 8


def send(port: int, token: str, key: str, *, cut: bool) -> int:
    """The status; 0 when the connection was cut after sending."""
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Idempotency-Key": key}
    try:
        connection.request("POST", "/api/v1/todos", json.dumps({"title": key}), headers)
        if cut:
            connection.sock.shutdown(socket.SHUT_RDWR)
            return 0
        return connection.getresponse().status
    except (OSError, HTTPException):
        return 0
    finally:
        connection.close()


def probe(run: FaultRun, database: Servers, user: User) -> None:
    """`rounds` keys, each sent two to four times."""
    chance, defect = run.random, "keys-ignored" if run.defective else ""
    token = token_create(user=user, name="", now=timezone.now()).text
    keys = [secrets.token_hex(8) for _ in range(run.rounds)]
    sends = [(key, chance.random() < 0.3) for key in keys for _ in range(chance.randint(1, 3))]
    chance.shuffle(sends)
    sends += [(key, False) for key in keys]  # at last each client waits for its answer
    with serving(database.environment(), port=free_port(), defect=defect) as port, ThreadPoolExecutor(THREADS) as pool:
        statuses = list(pool.map(lambda one: send(port, token, one[0], cut=one[1]), sends))
        late = [
            key for (key, _), status in zip(sends[-len(keys) :], statuses[-len(keys) :], strict=True) if status != 201
        ]
        IdempotencyKey.objects.filter(user_id=user.pk).update(leased_until=timezone.now())
        refused = sum(send(port, token, key, cut=False) != 201 for key in late)
    made: dict[str, int] = {}
    for title in Todo.objects.filter(owner=user).values_list("title", flat=True):
        made[title] = made.get(title, 0) + 1
    wrong = sum(made.get(key, 0) != 1 for key in keys)
    assert statuses.count(201) >= run.rounds // 2, "too few were answered"
    note = (
        f"{len(sends)} requests, {statuses.count(0)} cut, {statuses.count(409)} told to wait, {refused} never answered"
    )
    run.verdict(n=len(keys), failures=wrong + refused, note=note)


def test_promise_holds(fault_run: FaultRun, database: Servers, make_user: Callable[..., User]) -> None:
    probe(fault_run, database, make_user())


def test_defect_turns_it_red(fault_run: FaultRun, database: Servers, make_user: Callable[..., User]) -> None:
    probe(fault_run, database, make_user())
