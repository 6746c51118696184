"""Each verdict has its exit code, seen from outside against a server of the test's own."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


class Handler(BaseHTTPRequestHandler):
    """The todo API as far as the Planner needs it."""

    protocol_version = "HTTP/1.1"
    delay = 0.0
    failing_list = False

    def _answer(self, status: int, body: dict[str, str]) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        time.sleep(self.delay)
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self) -> None:
        self._answer(500 if self.failing_list and self.path.endswith("todos") else 200, {})

    def do_POST(self) -> None:
        if self.path.endswith("/auth/tokens"):
            self._answer(201, {"token": "t"})
        else:
            allowed = self.headers.get("Authorization") == "Bearer t"
            self._answer(201 if allowed else 401, {"id": "00000000-0000-7000-8000-000000000000"})

    def do_DELETE(self) -> None:
        self._answer(200, {})

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Say nothing."""


@pytest.fixture(params=[Handler])
def server(request: pytest.FixtureRequest) -> Iterator[str]:
    """A running server of the parametrised handler; its URL."""
    instance = ThreadingHTTPServer(("127.0.0.1", 0), request.param)
    thread = threading.Thread(target=instance.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{instance.server_port}"
    instance.shutdown()
    instance.server_close()
    thread.join()


class Failing(Handler):
    """Answers the list with 500."""

    failing_list = True


class Slow(Handler):
    """Takes 60 ms for everything."""

    delay = 0.06


def load(*words: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    account = {"LOAD_USERNAME": "demo", "LOAD_PASSWORD": "demo"} if env is None else env
    return subprocess.run(
        [sys.executable, "-m", "load", *words],
        cwd=REPOSITORY,
        env={name: value for name, value in os.environ.items() if not name.startswith("LOAD_")} | account,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


SHORT = ("--seconds", "3", "--users", "3", "--minimum-requests", "5")


def test_a_healthy_service_is_ok_and_the_result_file_says_so(server: str, tmp_path: Path) -> None:
    file = tmp_path / "out" / "load.json"
    done = load("--host", server, *SHORT, "--json", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(file.read_text(encoding="utf-8"))
    assert result["verdict"] == "ok"
    assert sum(row["requests"] for row in result["rows"]) >= 5
    assert {row["name"] for row in result["rows"]} >= {"sign in", "list todos"}
    assert "list todos" in done.stdout


@pytest.mark.parametrize("server", [Failing], indirect=True)
def test_failed_requests_end_with_1(server: str) -> None:
    done = load("--host", server, *SHORT)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "list todos:" in done.stdout


@pytest.mark.parametrize("server", [Slow], indirect=True)
def test_a_slow_service_ends_with_2(server: str) -> None:
    done = load("--host", server, *SHORT, "--p95-ms", "50")
    assert done.returncode == 2, done.stdout + done.stderr
    assert "limit 50 ms" in done.stdout


def test_too_few_samples_end_with_3(server: str) -> None:
    done = load("--host", server, "--seconds", "2", "--users", "1", "--minimum-requests", "1000")
    assert done.returncode == 3, done.stdout + done.stderr
    assert "want at least 1000" in done.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--host", "http://192.0.2.1"), "not loopback"),
        (("--host", "http://127.0.0.1:1", "--seconds", "601"), "at most"),
        (("--host", "http://127.0.0.1:1", "--users", "101"), "at most"),
        (("--users", "ten", "--host", "http://127.0.0.1:1"), "invalid int"),
    ],
)
def test_what_may_not_run_ends_with_64_and_one_line(words: tuple[str, ...], message: str) -> None:
    done = load(*words)
    assert done.returncode == 64
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_account_is_named() -> None:
    done = load("--host", "http://127.0.0.1:1", env={"LOAD_USERNAME": "demo"})
    assert done.returncode == 64
    assert "LOAD_PASSWORD" in done.stderr
