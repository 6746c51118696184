"""R29: malformed requests, slow clients, bodies too large, against the real gunicorn behind a real Envoy as gateway.

Proxy and app agree when every request that the app has answered is one that the proxy sent it, and was answered by it
with the same status: the proxy gives each an id that nobody can guess.
"""

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.envoy import Gateway, contract, gateway
from tests.faults.harness import Fault, FaultRun
from tests.faults.malformed import malformed
from tests.servers import Servers
from tests.web import Web, running_web

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]
FAULT = Fault(
    id="R29",
    title="http-desync",
    promise="every request the app answers is one the gateway sent, with one status on both sides; beside 500 slow"
    " clients others are answered; a body too large does not arrive",
    defect="the gateway passes bytes on unread",
)
PATIENCE = 10.0  # seconds for one answer, beside slow clients too
SLOW_FOR_FULL = 2.5  # slow clients for each malformed request, at most 500
SILENCE = 0.7  # seconds without a byte
GONE = 0  # the status of a request whose client left before the answer
NORMAL = 40  # requests of a good client beside the slow ones


def throw(port: int, data: bytes) -> None:
    """Send it on a connection of its own and read what comes, until nothing does."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=SILENCE) as stream:
        stream.sendall(data)
        while stream.recv(65_536):
            pass


def ask(port: int, path: str = "/api/v1/auth/me") -> int:
    """The status of a good request; 0 without an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", path, headers={"Host": "127.0.0.1"})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def settled(web: Web, proxy: Gateway) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What both sides have written, once neither writes more."""
    last, deadline = (-1, -1), time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        now = len(answered(web)), len(proxy.lines())
        if now == last:
            break
        last = now
        time.sleep(0.5)
    return answered(web), proxy.lines()


def answered(web: Web) -> list[dict[str, Any]]:
    """The app's own line for each request, without those of the waiting for it to be ready."""
    return [dict(line) for line in web.lines() if line.get("event") == "request" and "route" in line]


def disagreements(app: list[dict[str, Any]], proxy: list[dict[str, Any]]) -> list[str]:
    """Requests of which both sides do not say the same."""
    sent = {line["id"]: line for line in proxy if line["upstream"]}
    told = []
    for line in app:
        other = sent.get(str(line["request_id"]))
        if other is None:
            told.append(f"the app answered {line['method']} {line['route']}, which the gateway did not send")
        elif line["method"] not in {other["method"], "other"} or other["status"] not in {line["status"], GONE}:
            told.append(f"{other['method']} {other['status']} at the gateway, {line['method']} {line['status']} here")
    ids = [line["request_id"] for line in app]
    return [*told, *(f"{each} was answered twice" for each in {one for one in ids if ids.count(one) > 1})]


@contextlib.contextmanager
def slow(port: int, number: int) -> Iterator[None]:
    """So many clients that begin a request and go on by a byte a second: half in its head, half in its body."""
    over = threading.Event()
    streams: list[socket.socket] = []
    head = b"POST /api/v1/auth/tokens HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"

    def drip() -> None:
        while not over.wait(1.0):
            for stream in streams:
                with contextlib.suppress(OSError):
                    stream.send(b"a")

    for place in range(number):
        with contextlib.suppress(OSError):
            source = (f"127.0.1.{place % 200 + 1}", 0)  # no address has more than its share of requests
            stream = socket.create_connection(("127.0.0.1", port), timeout=2, source_address=source)
            stream.sendall(head + (b"Content-Length: 1000\r\n\r\n{" if place % 2 else b"X-Slow: "))
            streams.append(stream)
    thread = threading.Thread(target=drip)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        for stream in streams:
            stream.close()


def oversize(port: int, web: Web) -> int:
    """Bodies beyond the limit, with their length told and without: how many came to the app, or were not refused."""
    most, wrong = contract()["limits"]["body"], 0
    for chunked in (False, True):
        before = len(answered(web))
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        whole = b"x" * (most + 1)
        with contextlib.suppress(OSError):
            connection.request("POST", "/api/v1/todos", iter([whole]) if chunked else whole, encode_chunked=chunked)
        try:
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException):
            status = 0
        connection.close()
        wrong += status != 413 or len(answered(web)) != before
    return wrong


def timed(port: int, *, number: int = NORMAL) -> tuple[int, float]:
    """Of good requests those that are not answered 401, and the longest time but one, in milliseconds."""
    lost, taken = 0, []
    for _ in range(number):
        begin = time.monotonic()
        lost += ask(port) != 401
        taken.append((time.monotonic() - begin) * 1000)
    return lost, sorted(taken)[-2]


def probe(run: FaultRun, *, servers: Servers, folder: Path) -> None:
    chance, rounds = run.random, run.rounds
    clients = min(500, int(rounds * SLOW_FOR_FULL))
    with (
        running_web(servers, folder, TODO_TRUSTED_PROXIES="127.0.0.1/32") as web,
        gateway(web.base, folder, unread=run.defective) as proxy,
    ):
        known = {str(line["request_id"]) for line in answered(web)}  # asked for readiness, past the gateway
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda data: throw(proxy.port, data), [malformed(n, chance) for n in range(rounds)]))
        app, sent = settled(web, proxy)
        wrong = disagreements([line for line in app if line["request_id"] not in known], sent)
        lost, quick = timed(proxy.port)
        with slow(proxy.port, clients):
            beside, late = timed(proxy.port, number=2 if run.defective else NORMAL)
        large = oversize(proxy.port, web)
    note = (
        f"{len(wrong)} disagreements on {rounds} requests; {lost} good ones lost before and {beside} beside {clients}"
    )
    note += f" slow clients, longest but one {quick:.0f} and {late:.0f} ms, {large} of 2 too large came through"
    if wrong:
        note += f"; first: {json.dumps(wrong[0])}"
    slower = run.full and not run.defective and late > max(quick * 1.2, quick + 20)
    run.verdict(n=rounds + NORMAL + 2, failures=len(wrong) + lost + beside + large + slower, note=note)


def test_promise_holds(fault_run: FaultRun, servers: Servers, tmp_path: Path) -> None:
    probe(fault_run, servers=servers, folder=tmp_path)


def test_defect_turns_it_red(fault_run: FaultRun, servers: Servers, tmp_path: Path) -> None:
    probe(fault_run, servers=servers, folder=tmp_path)
