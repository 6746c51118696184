"""Secrets and ConfigMaps by an API server: patient with what passes, plain about what does not, silent of values."""

import base64
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.vault import cluster
from infra.vault.cluster import Api, RefusedError

SECRET = "very-secret-value"


class Server:
    """Answers with the statuses it was given, in turn, the last one for ever; keeps what it was asked."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, Any]]] = [(200, {})]
        self.asked: list[tuple[str, str, str, dict[str, Any]]] = []

    def answer(self) -> tuple[int, dict[str, Any]]:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Server, Api]]:
    told = Server()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            token = self.headers.get("Authorization", "")
            told.asked.append((self.command, self.path, token, json.loads(text or b"{}")))
            status, body = told.answer()
            found = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(found)))
            self.end_headers()
            self.wfile.write(found)

        do_PATCH = do_GET  # noqa: N815 - the base class calls it so

        def log_message(self, *_: object) -> None:
            """Silent."""

    monkeypatch.setattr(cluster, "PAUSE", 0.01)
    (tmp_path / "token").write_text("first\n", encoding="ascii")
    listening = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield told, Api("127.0.0.1", listening.server_port, None, tmp_path / "token", patience=20.0)
    listening.shutdown()
    listening.server_close()


def test_a_secret_is_kept_under_our_name_and_with_the_token_of_now(server: tuple[Server, Api], tmp_path: Path) -> None:
    told, api = server
    api.keep_secret("vault", "users", {"ada": SECRET.encode()})
    (tmp_path / "token").write_text("second\n", encoding="ascii")
    api.keep_config_map("todo", "issuer", {"issuer": "https://vault"})

    (method, path, token, body), (_, other, later, public) = told.asked
    assert (method, path) == (
        "PATCH",
        "/api/v1/namespaces/vault/secrets/users?fieldManager=vault-bootstrap&force=true",
    )
    assert (token, later) == ("Bearer first", "Bearer second")
    assert base64.b64decode(body["data"]["ada"]) == SECRET.encode()
    assert other.startswith("/api/v1/namespaces/todo/configmaps/issuer?")
    assert public["data"] == {"issuer": "https://vault"}


def test_a_secret_is_read_and_none_is_none(server: tuple[Server, Api]) -> None:
    told, api = server
    told.answers = [(200, {"data": {"key": base64.b64encode(b"value").decode()}}), (404, {"reason": "NotFound"})]

    assert api.secret("vault", "there") == {"key": b"value"}
    assert api.secret("vault", "missing") == {}


@pytest.mark.parametrize("status", [401, 403, 404, 409, 429, 500, 503])
def test_what_passes_with_time_is_waited_for(server: tuple[Server, Api], status: int) -> None:
    told, api = server
    told.answers = [(status, {}), (status, {}), (200, {})]

    api.keep_secret("vault", "users", {})

    assert len(told.asked) == 3


@pytest.mark.parametrize(("status", "patience"), [(422, 20.0), (403, 0.0)])
def test_what_does_not_pass_is_told_without_a_value(server: tuple[Server, Api], status: int, patience: float) -> None:
    told, api = server
    told.answers = [(status, {"reason": "Invalid", "message": f"bad value {SECRET}"})]
    impatient = Api(api.host, api.port, None, api.token_file, patience=patience)

    with pytest.raises(RefusedError, match=rf"PATCH .*/secrets/users: {status} Invalid") as found:
        impatient.keep_secret("vault", "users", {"ada": SECRET.encode()})

    assert SECRET not in str(found.value)
    assert len(told.asked) == 1


def test_a_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("first", encoding="ascii")

    with pytest.raises(RefusedError, match="refused"):
        Api("127.0.0.1", 1, None, tmp_path / "token", patience=0.0).secret("vault", "users")


def test_outside_a_pod_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cluster, "ACCOUNT", tmp_path)

    with pytest.raises(RefusedError, match="no pod with a service account"):
        Api.in_cluster()
