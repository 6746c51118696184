"""A running `entrypoint web` for tests: the real gunicorn on loopback."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection

from tests.servers import Servers, free_port

READY = 90.0  # seconds; 3 are usual
WAITING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE wait_event_type = 'Lock' AND application_name = 'todo-app' AND pid <> pg_backend_pid()
"""


@dataclass
class Web:
    """Where it is, and its process."""

    process: subprocess.Popen[bytes]
    base: str
    metrics: str
    log: Path

    def call(self, path: str, *, token: str = "", method: str = "GET", body: dict[str, str] | None = None) -> int:
        """The status of one request on a connection of its own."""
        return self.answer(path, token=token, method=method, body=body)[0]

    def answer(
        self, path: str, *, token: str = "", method: str = "GET", body: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str]]:
        """Status and headers of one request."""
        headers = {"Content-Type": "application/json", "If-Match": "*", "User-Agent": "canary-agent"}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        data = json.dumps(body).encode() if body else None
        request = urllib.request.Request(self.base + path, data=data, method=method, headers=headers)  # noqa: S310 - loopback
        try:
            with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310 - loopback
                return int(response.status), dict(response.headers)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, dict(error.headers)

    def lines(self) -> list[dict[str, object]]:
        """Every line of the log, each of which must be JSON."""
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]

    def until_waiting(self, number: int, *, seconds: float) -> bool:
        """Whether so many of its connections wait for a lock, within `seconds`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_stat_clear_snapshot()")  # or a transaction would see its first look again
                cursor.execute(WAITING)
                if cursor.fetchone()[0] >= number:
                    return True
            time.sleep(0.05)
        return False

    def until_ready(self) -> None:
        """Raises RuntimeError with the end of the log when it ends instead, or needs longer than READY."""
        deadline = time.monotonic() + READY
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                if self.call("/readyz") == 200:
                    return
            except OSError:
                pass
            time.sleep(0.1)
        told = self.log.read_text(encoding="utf-8", errors="replace")[-2000:]
        raise RuntimeError(f"the server is not ready, exit code {self.process.poll()}:\n{told}")


@contextmanager
def running_web(servers: Servers, folder: Path, **extra: str) -> Iterator[Web]:
    """Two workers by default; `extra` are TODO_ settings. Ready when it yields, ended afterwards."""
    port, metrics, log = free_port(), free_port(), folder / "web.log"
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TODO_", "DJANGO_", "HOME"))}
    environment = {**clean, **servers.environment(), "TODO_WEB_PORT": str(port), "TODO_METRICS_PORT": str(metrics)}
    environment |= {"TMPDIR": str(folder), **extra}
    command = [sys.executable, str(settings.BASE_DIR / "entrypoint"), "web"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
    running = Web(process, f"http://127.0.0.1:{port}", f"http://127.0.0.1:{metrics}/metrics", log)
    try:
        running.until_ready()
        yield running
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)
