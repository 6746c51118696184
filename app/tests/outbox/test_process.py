"""`entrypoint relay` as a process: killed, told to stop, asked for its health."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from tests.servers import Servers, free_port
from todo_app.outbox.models import Event, Lease
from todo_app.outbox.publishers.files import BoundedFilePublisher
from todo_app.outbox.services import event_append

pytestmark = pytest.mark.integration
KILLS = 3
Start = Callable[[], "Running"]


class Running:
    """A relay on ports and a folder of its own."""

    def __init__(self, servers: Servers, folder: Path, *, batch: int) -> None:
        self.port = free_port()
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("TODO_", "DJANGO_"))}
        relay = {"TODO_METRICS_PORT": str(self.port), "TODO_RELAY_FOLDER": str(folder), "TODO_RELAY_BATCH": str(batch)}
        command = [sys.executable, str(settings.BASE_DIR / "entrypoint"), "relay"]
        with (folder.parent / "relay.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, env={**clean, **servers.environment(), **relay}, stdout=log, stderr=log
            )

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, ""
        except OSError:
            return 0, ""

    def until(self, wanted: Callable[[], bool]) -> None:
        for _ in range(600):
            if wanted():
                return
            assert self.process.poll() is None, "the relay ended by itself"
            time.sleep(0.1)
        raise AssertionError("waited 60 s in vain")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where events go."""
    return tmp_path / "events"


@pytest.fixture
def start(servers: Servers, folder: Path) -> Iterator[Start]:
    """Starts relays; those still running at the end are killed."""
    Event.objects.filter(published_on__isnull=True).update(published_on=timezone.now(), dead_on=None)
    started: list[Running] = []

    def go() -> Running:
        Lease.objects.update(expires_on=timezone.now())  # a killed relay's lease: 30 s would only make the test slow
        started.append(Running(servers, folder, batch=2))
        return started[-1]

    yield go
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait(10)


def append(keys: list[str], rounds: int) -> None:
    with transaction.atomic():
        for _ in range(rounds):
            for key in keys:
                event_append(
                    type="user.banned", key=key, payload={"id": str(uuid.uuid4()), "by": None}, now=timezone.now()
                )


def arrived(folder: Path, key: str) -> list[str]:
    paths = BoundedFilePublisher(folder, file_bytes=4096, files=2).paths()
    events = [json.loads(line) for path in paths for line in path.read_text(encoding="utf-8").splitlines()]
    return [event["id"] for event in events if event["subject"] == key]


def waiting(keys: list[str]) -> int:
    return Event.objects.filter(key__in=keys, published_on__isnull=True).count()


def test_a_killed_relay_loses_nothing_and_reorders_nothing(start: Start, folder: Path) -> None:
    keys = [str(uuid.uuid4()) for _ in range(3)]
    append(keys, 200)
    total = waiting(keys)
    killed_at = []
    for number in range(KILLS):
        one, before = start(), waiting(keys)
        one.until(lambda before=before, number=number: waiting(keys) < before - 20 * (number + 1))  # type: ignore[misc]  # a lambda's defaults have no types
        one.process.kill()
        one.process.wait(10)
        killed_at.append(waiting(keys))
    assert all(0 < left < total for left in killed_at), "no kill hit a relay at work"
    start().until(lambda: waiting(keys) == 0)

    for key in keys:
        wanted = [str(pk) for pk in Event.objects.filter(key=key).order_by("position").values_list("pk", flat=True)]
        assert len(wanted) == 200
        assert list(dict.fromkeys(arrived(folder, key))) == wanted


def test_sigterm_finishes_the_batch_and_frees_the_lease(start: Start, folder: Path) -> None:
    keys = [str(uuid.uuid4())]
    append(keys, 300)
    one = start()
    one.until(lambda: waiting(keys) < 290)
    one.process.terminate()

    assert one.process.wait(20) == 0
    assert len(arrived(folder, keys[0])) == 300 - waiting(keys), "each published event is marked, none twice"
    assert Lease.objects.get().expires_on <= timezone.now()


def test_health_and_metrics_are_served(start: Start) -> None:
    keys = [str(uuid.uuid4())]
    append(keys, 5)
    one = start()
    one.until(lambda: waiting(keys) == 0)
    one.until(lambda: one.get("/readyz")[0] == 200)

    assert one.get("/healthz")[0] == 200
    assert one.get("/other")[0] == 404
    figures = one.get("/metrics")[1]
    assert 'todo_outbox_published_total{type="user.banned"} 5.0' in figures
    assert "todo_outbox_lease 1.0" in figures
    assert "todo_outbox_lag_seconds " in figures
    assert "todo_http_requests_total" not in figures or 'route="' not in figures


def test_a_taken_port_is_told(servers: Servers, start: Start, folder: Path) -> None:
    first = start()
    first.until(lambda: first.get("/healthz")[0] == 200)
    environment = {**os.environ, **servers.environment(), "TODO_METRICS_PORT": str(first.port)}
    command = [sys.executable, str(settings.BASE_DIR / "entrypoint"), "relay"]
    done = subprocess.run(
        command,
        env={**environment, "DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 1
    assert f"todo-app relay: port {first.port}: Address already in use" in done.stderr
    assert "Traceback" not in done.stderr
