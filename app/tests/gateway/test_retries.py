"""What the gateway asks the app a second time: what changes nothing, in a real Envoy; a write never."""

import copy
import http.client
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests import envoy

pytestmark = pytest.mark.integration
READS, WRITES = ("GET", "HEAD", "OPTIONS"), ("POST", "PUT", "PATCH", "DELETE")
TIMES = 3  # once, and twice again
# Headers by which a client could ask Envoy for more.
ASKED = {"x-envoy-retry-on": "5xx,reset", "x-envoy-max-retries": "9", "x-envoy-retriable-status-codes": "503"}


class Failing(BaseHTTPRequestHandler):
    """Counts, and answers 503 or nothing at all: the path says which."""

    protocol_version = "HTTP/1.1"
    seen: Counter[str] = Counter()
    lock = threading.Lock()

    def handle_one_request(self) -> None:
        """Any method."""
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with self.lock:
            self.seen[f"{self.command} {self.path}"] += 1
        if self.path.startswith("/silent"):
            self.close_connection = True
            return
        self.send_response(503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Quiet."""


@contextmanager
def behind(folder: Path) -> Iterator[envoy.Gateway]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Failing)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        with envoy.gateway(f"http://127.0.0.1:{server.server_port}", folder) as running:
            yield running
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[envoy.Gateway]:
    with behind(tmp_path_factory.mktemp("envoy")) as running:
        yield running


def times(gateway: envoy.Gateway, method: str, path: str, **headers: str) -> int:
    """How often the app was asked for one request."""
    key = f"{method} {path}"
    Failing.seen.pop(key, None)
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=20)
    connection.request(method, path, b"{}" if method in WRITES else None, headers)
    assert connection.getresponse().status == 503
    connection.close()
    return Failing.seen[key]


@pytest.mark.parametrize("method", READS)
def test_a_read_that_fails_is_asked_again(gateway: envoy.Gateway, method: str) -> None:
    assert times(gateway, method, "/failing") == TIMES


@pytest.mark.parametrize("path", ["/failing", "/silent"])
@pytest.mark.parametrize("method", WRITES)
def test_a_write_is_asked_once(gateway: envoy.Gateway, method: str, path: str) -> None:
    assert times(gateway, method, path) == 1


def test_no_client_asks_for_more(gateway: envoy.Gateway) -> None:
    assert times(gateway, "POST", "/failing", **ASKED) == 1
    assert times(gateway, "GET", "/failing", **ASKED) == TIMES


def test_where_the_method_is_not_looked_at_a_write_is_seen_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: what the test above looks for can be seen."""
    told: dict[str, Any] = copy.deepcopy(envoy.contract())
    [code] = [each["typed_config"]["default_source_code"] for each in told["last"] if each["name"] == "slipway.retries"]
    code["inline_string"], looked = code["inline_string"].replace("if not reads", "if nil and not reads"), code.copy()
    assert code != looked
    monkeypatch.setattr(envoy, "contract", lambda: told)

    with behind(tmp_path) as careless:
        assert times(careless, "POST", "/failing") == TIMES
