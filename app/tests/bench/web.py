"""The real server with the peer beside the service, and a client that keeps it busy."""

import os
import re
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.servers import Servers, free_port

APP = Path(__file__).resolve().parents[2]
CONNECTIONS = 16


@dataclass(frozen=True)
class Web:
    """Where it listens and its first process."""

    port: int
    pid: int

    def workers(self) -> list[int]:
        """Processes that answer."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="ascii")
        return [int(pid) for pid in children.split()]

    def sizes(self) -> list[float]:
        """MB of each worker, what is shared counted in parts (PSS)."""
        return [_pss(pid) for pid in self.workers()]


def _pss(pid: int) -> float:
    found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii"), re.MULTILINE)
    if found is None:
        raise AssertionError(f"/proc/{pid}/smaps_rollup tells no Pss")
    return int(found[1]) * 1024 / 1e6


@contextmanager
def serving(running: Servers, *arguments: str) -> Iterator[Web]:
    """`entrypoint web` as the image starts it, with more `arguments` of gunicorn."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="todo-app-bench-") as folder:
        environment = {
            **os.environ,
            **running.environment(),
            "DJANGO_SETTINGS_MODULE": "tests.bench.settings",
            "PYTHONPATH": str(APP),
            "TODO_WEB_PORT": str(port),
            "TODO_METRICS_PORT": str(free_port()),
            "GUNICORN_CMD_ARGS": " ".join(arguments),
            "TMPDIR": folder,
        }
        command = [sys.executable, str(APP / "entrypoint"), "web"]
        process = subprocess.Popen(command, env=environment, stdout=sys.stderr, stderr=sys.stderr)
        try:
            _wait(port)
            yield Web(port, process.pid)
        finally:
            process.terminate()
            process.wait(40)


def _wait(port: int) -> None:
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the server does not listen after 30 s")


@dataclass(frozen=True)
class Answered:
    """Requests a second and the seconds each took, connecting included where the server closes."""

    rate: float
    times: list[float]

    def p99(self) -> float:
        """Milliseconds."""
        return statistics.quantiles(self.times, n=100)[98] * 1000


@dataclass
class _Pending:
    """What has come of the answer to the request sent at `begin`."""

    begin: float
    buffer: bytearray = field(default_factory=bytearray)


def answered(port: int, path: str, *, token: str, seconds: float) -> Answered:
    """Requests answered with 200, over connections that each have one request open."""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\nAccept: */*\r\n\r\n".encode()
    selector = selectors.DefaultSelector()
    for _ in range(CONNECTIONS):
        _open(selector, port, request)
    times: list[float] = []
    begin = time.perf_counter()
    while (now := time.perf_counter()) < begin + seconds:
        for ready, _ in selector.select(1):
            opened, pending = ready.fileobj, ready.data
            buffer = pending.buffer
            buffer += opened.recv(65536)  # type: ignore[union-attr]  # a socket
            if not (ended := _ended(buffer)):
                continue
            if not buffer.startswith(b"HTTP/1.1 200"):
                raise AssertionError(f"{path}: {bytes(buffer[:200])!r}")
            times.append(time.perf_counter() - pending.begin)
            if ended == "closed":
                selector.unregister(opened)
                opened.close()  # type: ignore[union-attr]  # a socket
                _open(selector, port, request)
            else:
                buffer.clear()
                pending.begin = time.perf_counter()
                opened.sendall(request)  # type: ignore[union-attr]  # a socket
    for key in list(selector.get_map().values()):
        key.fileobj.close()  # type: ignore[union-attr]  # a socket
    return Answered(len(times) / (now - begin), times)


def _open(selector: selectors.BaseSelector, port: int, request: bytes) -> None:
    pending = _Pending(time.perf_counter())
    opened = socket.create_connection(("127.0.0.1", port), 10)
    opened.sendall(request)
    selector.register(opened, selectors.EVENT_READ, pending)


def _ended(buffer: bytearray) -> str:
    """Empty while the answer is not complete; `closed` when the server wants the connection closed."""
    head, found, body = buffer.partition(b"\r\n\r\n")
    if not found:
        return ""
    lower = bytes(head).lower()
    length = int(lower.partition(b"content-length:")[2].split(b"\r\n")[0])
    if len(body) < length:
        return ""
    return "closed" if b"connection: close" in lower else "kept"
