"""A web process for fault tests: the real WSGI application on loopback, optionally with a seeded defect.

Run as `python tests/faults/web_process.py PORT [DEFECT]` with the TODO_ settings of the test servers.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from importlib import import_module
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

APP = Path(__file__).resolve().parents[2]
READY = 90.0  # seconds; 2 are usual


def _remembered_tokens() -> None:
    """R10: a process-local cache of who a token is."""
    authentication: Any = import_module("todo_app.api.authentication")
    real, seen = authentication.token_user, dict[tuple[str, int], object]()

    def remembered(*, text: str, now: object) -> object:
        key = (text, int(time.monotonic() / 5))
        if key not in seen:
            seen[key] = real(text=text, now=now)
        return seen[key]

    authentication.token_user = remembered


def _counted_late() -> None:
    """R25: read the counter, judge, write it: what DRF's throttles do (T-31)."""
    services: Any = import_module("todo_app.accounts.services")
    throttle: Any = import_module("todo_app.accounts.throttle")

    def reserve(*, address: str, account: str, device: str | None = None) -> None:
        redis = throttle.client()
        redis.connection_pool.max_connections = 256  # all tries are at work at once, which is the point
        for key, limit in throttle._limits(address, account, device).items():
            tries = int(redis.get(key) or 0)
            if tries >= limit:
                raise throttle.SignInThrottled(retry_after=1)
            time.sleep(0.02)
            redis.set(key, tries + 1, ex=throttle.WINDOW)

    services.attempt_reserve = reserve


def _keys_ignored() -> None:
    """R09: every request is a new one."""
    keys: Any = import_module("todo_app.api.idempotency")
    real = keys.key_claim
    keys.key_claim = lambda **named: real(**{**named, "key": os.urandom(8).hex()})


def _steps_forgotten() -> None:
    """R07: a repeated bulk request begins anew."""
    bans: Any = import_module("todo_app.accounts.bans")
    bans.steps_keep = lambda _outcomes: None


def _login_kept() -> None:
    """R45: a connection is good as long as its server has not hung up."""
    base: Any = import_module("config.postgresql.base")
    base.current = lambda _connection: True


DEFECTS: dict[str, Callable[[], None]] = {
    "login-kept": _login_kept,
    "keys-ignored": _keys_ignored,
    "steps-forgotten": _steps_forgotten,
    "remembered-tokens": _remembered_tokens,
    "counted-late": _counted_late,
}


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 256


class _Handler(WSGIRequestHandler):
    def log_message(self, *_args: object) -> None:
        """The application logs."""

    def address_string(self) -> str:
        return str(self.client_address[0])


def main(port: int, defect: str) -> None:
    """Serve until killed."""
    sys.path.insert(0, str(APP))
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    application = get_wsgi_application()
    if defect:
        DEFECTS[defect]()
    server = _Server(("127.0.0.1", port), _Handler)
    server.set_app(application)
    server.serve_forever()


def _ready(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


@contextmanager
def serving(environment: dict[str, str], *, port: int, defect: str = "") -> Iterator[int]:
    """A running process; yields its port."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TODO_", "DJANGO_"))}
    command = [sys.executable, str(Path(__file__)), str(port), *([defect] if defect else [])]
    environment = {**clean, **environment, "TODO_LOG_LEVEL": "error", "TODO_DATABASE_POOL_MAX": "30"}
    process = subprocess.Popen(command, env=environment, cwd=APP)
    try:
        deadline = time.monotonic() + READY
        while not _ready(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the process is not ready, exit code {process.poll()}")
            time.sleep(0.1)
        yield port
    finally:
        process.kill()
        process.wait(10)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "")
