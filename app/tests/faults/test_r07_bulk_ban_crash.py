"""R07: the process is killed amid a bulk toggle; the client repeats with the same key."""

import json
import secrets
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from http.client import HTTPConnection, HTTPException
from typing import Any

import pytest
from django.db.models import QuerySet
from django.utils import timezone

from tests.faults.harness import Fault, FaultRun
from tests.faults.web_process import serving
from tests.servers import Servers, free_port
from todo_app.accounts.models import User
from todo_app.accounts.services import token_create
from todo_app.common.models import IdempotencyKey
from todo_app.outbox.models import Event

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]
FAULT = Fault(
    id="R07",
    title="bulkban-crash",
    promise="a bulk toggle that is killed and sent again turns each user once: one outcome per key",
    defect="what an attempt did is not kept",
)
USERS = 3000


def send(port: int, token: str, key: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Status and body; 0 when the process died."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Idempotency-Key": key}
    try:
        connection.request("POST", "/api/v1/users/ban", json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    except (OSError, HTTPException):
        return 0, {}
    finally:
        connection.close()


def killed(database: Servers, defect: str, token: str, key: str, body: dict[str, Any]) -> bool:
    """Send, kill the process after its first batch; whether that was amid the work."""
    keys, action = [uuid.UUID(text) for text in body["user_ids"]], User.objects.get(pk=body["user_ids"][0]).is_banned
    turned = User.objects.filter(pk__in=keys, is_banned=not action)
    with ExitStack() as stack:
        port = stack.enter_context(serving(database.environment(), port=free_port(), defect=defect))
        sender = threading.Thread(target=send, args=(port, token, key, body))
        sender.start()
        deadline = time.monotonic() + 20
        while not turned.exists() and time.monotonic() < deadline:
            time.sleep(0.002)
        stack.close()  # SIGKILL
        sender.join()
    return bool(0 < turned.count() < len(keys))


def probe(run: FaultRun, database: Servers, admin: User) -> None:
    """`rounds` toggles of all users."""
    made = [User(username=f"bulk-{secrets.token_hex(6)}", password="!") for _ in range(USERS)]
    QuerySet[User](User).bulk_create(made)  # not the manager's: their creation is not looked at
    names = [str(user.pk) for user in made]
    token, amid, failures, n = token_create(user=admin, name="", now=timezone.now()).text, 0, 0, 0
    for number in range(run.rounds):
        body = {"user_ids": names, "action": "toggle", "reason": "test"}
        key, since = secrets.token_hex(8), timezone.now()
        amid += killed(database, "steps-forgotten" if run.defective else "", token, key, body)
        IdempotencyKey.objects.filter(user_id=admin.pk).update(leased_until=timezone.now())
        with serving(
            database.environment(), port=free_port(), defect="steps-forgotten" if run.defective else ""
        ) as port:
            status, answer = send(port, token, key, body)
            other, _ = send(port, token, key, {**body, "reason": "another"})
            replayed = send(port, token, key, body)
            failures += status != 200 or len(answer["changed"]) != USERS or other != 422 or replayed != (status, answer)
            failures += parallel(port, token, names[:1])
        wanted = number % 2 == 0
        failures += User.objects.filter(pk__in=names, is_banned=not wanted).count()
        events = Counter(
            Event.objects.filter(
                type="user.banned" if wanted else "user.unbanned", key__in=names[1:], created_on__gte=since
            ).values_list("key", flat=True)
        )
        failures += sum(events[name] != 1 for name in names[1:])
        n += USERS
    assert amid > 0, "no process was killed amid its work"
    run.verdict(n=n, failures=failures, note=f"{amid} of {run.rounds} kills amid {USERS} users")


def parallel(port: int, token: str, names: list[str]) -> int:
    """The same new key eight times at once, twice over: turned twice in all, each answer 200 or 409."""
    seen: list[int] = []
    for _ in range(2):
        key, body = secrets.token_hex(8), {"user_ids": names, "action": "toggle", "reason": "test"}
        threads = [
            threading.Thread(target=lambda k=key, b=body: seen.append(send(port, token, k, b)[0])) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return int(not set(seen) <= {200, 409} or 200 not in seen)


def test_promise_holds(fault_run: FaultRun, database: Servers, make_user: Callable[..., User]) -> None:
    probe(fault_run, database, make_user(role="admin"))


def test_defect_turns_it_red(fault_run: FaultRun, database: Servers, make_user: Callable[..., User]) -> None:
    probe(fault_run, database, make_user(role="admin"))
