"""R15: ten times more clients than connections, and every query slow."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.utils import timezone

from tests.faults.harness import Fault, FaultRun
from tests.servers import Servers
from tests.web import Web, running_web
from todo_app.accounts.models import User
from todo_app.accounts.services import token_create
from todo_app.todos.models import Todo
from todo_app.todos.services import todo_create

pytestmark = pytest.mark.integration
FAULT = Fault(
    id="R15",
    title="pool exhaustion",
    promise="never more connections than the pool's bound; who gets none is told 503 with Retry-After, nobody gets 500",
    defect="a pool whose bound is above the one that is promised",
)
POOL, WORKERS = 2, 2
CAP = POOL * WORKERS
CLIENTS = 10 * CAP
THREADS = 24  # of a worker, so that requests compete for connections and not for threads
BACKENDS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'todo-app' AND client_port <> ALL(%s)"


def _ours() -> list[int]:
    """Ports of the connections that this test process has itself."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT client_port FROM pg_stat_activity WHERE application_name = 'todo-app'")
        return [port for (port,) in cursor.fetchall()]


def wave(web: Web, user: User, others: list[int]) -> tuple[Counter[int], int, int]:
    """All clients at once against a locked row: statuses, refusals without Retry-After, most connections seen."""
    token = token_create(user=user, name="", now=timezone.now()).text
    key = todo_create(owner=user, title="mine", now=timezone.now()).pk
    most = 0

    def change(number: int) -> tuple[int, bool]:
        status, headers = web.answer(
            f"/api/v1/todos/{key}", token=token, method="PATCH", body={"title": f"title {number}"}
        )
        return status, status != 503 or "Retry-After" in headers

    with ThreadPoolExecutor(CLIENTS) as pool:
        with transaction.atomic():
            Todo.objects.select_for_update().get(pk=key)
            sent = [pool.submit(change, number) for number in range(CLIENTS)]
            for _ in range(4):  # requests wait 5 s for a connection, 5 s for the lock
                web.until_waiting(CLIENTS, seconds=1.0)
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_stat_clear_snapshot()")
                    cursor.execute(BACKENDS, [others])
                    most = max(most, cursor.fetchone()[0])
        answers = [one.result() for one in sent]
    return Counter(status for status, _ in answers), [told for _, told in answers].count(False), most


def probe(run: FaultRun, *, servers: Servers, folder: Path, make_user: Callable[..., User], pool: int) -> None:
    n = failures = 0
    seen: Counter[int] = Counter()
    bound = 0
    settings = {"TODO_DATABASE_POOL_MAX": str(pool), "TODO_WEB_THREADS": str(THREADS)}
    with running_web(servers, folder, **settings) as web:
        others = _ours()
        for _ in range(run.rounds):
            statuses, untold, most = wave(web, make_user(), others)
            wrong = sum(number for status, number in statuses.items() if status not in {200, 503})
            n, failures = n + CLIENTS, failures + wrong + untold + max(0, most - CAP)
            seen, bound = seen + statuses, max(bound, most)
    run.verdict(n=n, failures=failures, note=f"statuses {dict(seen)}, at most {bound} connections of {CAP}")


def test_promise_holds(fault_run: FaultRun, servers: Servers, tmp_path: Path, make_user: Callable[..., User]) -> None:
    probe(fault_run, servers=servers, folder=tmp_path, make_user=make_user, pool=POOL)


def test_defect_turns_it_red(
    fault_run: FaultRun, servers: Servers, tmp_path: Path, make_user: Callable[..., User]
) -> None:
    probe(fault_run, servers=servers, folder=tmp_path, make_user=make_user, pool=POOL * 4)
