"""A burst of connections is shared by the workers."""

import socket
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
from gunicorn.workers.gthread import ThreadWorker

from config.balanced_worker import MOST, BalancedWorker
from tests.servers import Servers
from tests.web import Web, running_web

BURST = 16


@pytest.mark.parametrize(
    ("workers", "connections", "idle", "waits"),
    [(2, 3, 0, False), (2, 4, 0, True), (2, 900, 0, True), (1, 900, 0, False), (2, 63, 60, False), (2, 64, 60, True)],
)
def test_a_worker_holds_back_when_its_threads_are_taken(
    workers: int, connections: int, idle: int, waits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[Any] = []
    monkeypatch.setattr(ThreadWorker, "accept", lambda _self, _listener: done.append("accept"))
    monkeypatch.setattr("config.balanced_worker.time.sleep", done.append)
    worker = BalancedWorker.__new__(BalancedWorker)
    worker.cfg, worker.nr_conns = SimpleNamespace(workers=workers, threads=4), connections
    worker.keepalived_conns, worker.pending_conns = deque(range(idle // 2)), deque(range(idle - idle // 2))

    worker.accept(None)

    *waited, last = done
    assert last == "accept"
    assert [0 < seconds <= MOST for seconds in waited] == [True] * waits


@pytest.fixture
def web(servers: Servers, tmp_path: Path) -> Iterator[Web]:
    """Two workers, both at work: each has a thread beside its first once it has been set up."""
    with running_web(servers, tmp_path) as running:
        deadline = time.monotonic() + 30
        while [worker.num_threads() > 1 for worker in workers(running)] != [True, True]:
            assert time.monotonic() < deadline, "two workers are not there"
            time.sleep(0.05)
        yield running


def workers(web: Web) -> list[psutil.Process]:
    """gunicorn's."""
    return psutil.Process(web.process.pid).children()


def held(web: Web) -> list[int]:
    """Open connections of users by worker."""
    port = urlsplit(web.base).port
    return [
        sum(each.laddr.port == port and each.status == psutil.CONN_ESTABLISHED for each in worker.net_connections())
        for worker in workers(web)
    ]


@pytest.mark.integration
def test_no_worker_takes_the_whole_burst(web: Web) -> None:
    port = urlsplit(web.base).port
    opened = [socket.create_connection(("127.0.0.1", port), 10) for _ in range(BURST)]
    try:
        for each in opened:
            each.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert all(each.recv(4096).startswith(b"HTTP/1.1 200") for each in opened)
        shares = held(web)
    finally:
        for each in opened:
            each.close()

    assert (len(shares), sum(shares) >= BURST) == (2, True)
    assert min(shares) >= BURST // 8, f"one worker has nearly all: {shares}"
