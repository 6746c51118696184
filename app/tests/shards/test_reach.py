"""Each command of the image connects to those that the service graph declares, and to nobody else it is told of."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.conf import settings

from tests import graph
from tests.servers import Servers, free_port

pytestmark = pytest.mark.integration
# What each is named in the graph; the identity provider would need a token to be asked for its keys.
WATCHED = {"postgresql", "redis", "shards"}


@dataclass
class Door:
    """Passes connections on to a server and counts them."""

    target: int
    listener: socket.socket
    opened: int = 0
    open: list[socket.socket] = field(default_factory=list)

    @property
    def port(self) -> int:
        number: int = self.listener.getsockname()[1]
        return number

    def serve(self) -> None:
        """Until the listener is closed."""
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.opened += 1
            server = socket.create_connection(("127.0.0.1", self.target))
            self.open += [client, server]
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=_copy, args=(source, sink), daemon=True).start()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        return  # the other direction ended first


@contextmanager
def door(target: int) -> Iterator[Door]:
    """A door on a port of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = Door(target, listener)
        thread = threading.Thread(target=made.serve, daemon=True)
        thread.start()
        try:
            yield made
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)
            for each in made.open:
                each.close()


def reached(command: list[str], database: Servers, other: Servers, folder: Path) -> set[str]:
    """Whom a command connects to, from its start to its end."""
    with ExitStack() as stack:
        ports = {"postgresql": database.database_port, "redis": database.redis_port, "shards": other.database_port}
        doors = {name: stack.enter_context(door(port)) for name, port in ports.items()}
        health = free_port()
        told = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("TODO_", "DJANGO_"))},
            **database.environment(),
            "TODO_DATABASE_PORT": str(doors["postgresql"].port),
            "TODO_REDIS_PORT": str(doors["redis"].port),
            "TODO_SHARDS": f"s1=127.0.0.1:{doors['shards'].port}/todo",
            "TODO_RELAY_FOLDER": str(folder),
            "TODO_METRICS_PORT": str(health if command[0] == "relay" else free_port()),
            "TODO_WEB_PORT": str(health),
            "TODO_WEB_WORKERS": "1",
        }
        process = subprocess.Popen([sys.executable, str(settings.BASE_DIR / "entrypoint"), *command], env=told)
        try:
            if command[0] in {"web", "relay"}:
                _ready(health, process)
                process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
        finally:
            process.kill()
            process.wait()
        return {name for name, each in doors.items() if each.opened}


def _ready(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until it says it is ready, which it says after it has asked whom it needs."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None
        request = urllib.request.Request(f"http://127.0.0.1:{port}/readyz", headers={"Host": "localhost"})
        try:
            with urllib.request.urlopen(request, timeout=5):  # noqa: S310 - loopback
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("not ready in 60 s")


@pytest.mark.parametrize("command", ["web", "migrate", "run-due-todos", "maintenance"])
def test_a_command_connects_to_whom_it_is_declared_to_call(
    command: str, database: Servers, sharded: Servers, tmp_path: Path
) -> None:
    assert reached([command], database, sharded, tmp_path) == graph.targets(command) & WATCHED


@pytest.mark.parametrize(("arguments", "wanted"), [([], "postgresql"), (["s1"], "shards")])
def test_a_relay_connects_to_its_own_database_alone(
    arguments: list[str], wanted: str, database: Servers, sharded: Servers, tmp_path: Path
) -> None:
    each = graph.graph()["workloads"]["relay"]["each"]

    assert {wanted, each["of"], each["instead_of"]} <= graph.targets("relay")
    assert reached(["relay", *arguments], database, sharded, tmp_path) == {wanted}


def test_a_connection_nobody_declared_is_seen(database: Servers) -> None:
    with door(database.redis_port) as made:
        socket.create_connection(("127.0.0.1", made.port)).close()
        for _ in range(100):
            if made.opened:
                break
            time.sleep(0.02)

        assert made.opened == 1
