"""secrets-init against a small API server: it creates and completes, never overwrites, never tells a value."""

import base64
import importlib
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from infra.images.references import RECIPES

SPEC = [
    {"namespace": "todo", "name": "todo-app", "keys": {
        "django-secret-key": {"length": 64}, "database-password": {"copyFrom": "data/postgresql/password"}}},
    {"namespace": "data", "name": "postgresql", "keys": {"password": {"length": 32}}},
]  # fmt: skip


@pytest.fixture(scope="module")
def program() -> Iterator[ModuleType]:
    """Its two files, imported as the image runs them: from one folder on the path."""
    sys.path.insert(0, str(RECIPES / "secrets-init"))
    yield importlib.import_module("secrets_init")
    sys.path.remove(str(RECIPES / "secrets-init"))


class Server(ThreadingHTTPServer):
    """Secrets by namespace/name; `refuse` may answer a request with a status instead."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.secrets: dict[str, dict[str, Any]] = {}
        self.requests: list[str] = []
        self.refuse: Callable[[str, str], int | None] = lambda _method, _place: None

    def put(self, place: str, **values: str) -> None:
        data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
        self.secrets[place] = {"metadata": {"resourceVersion": "1"}, "data": data}

    def value(self, place: str, key: str) -> str:
        return base64.b64decode(self.secrets[place]["data"][key]).decode()


class Handler(BaseHTTPRequestHandler):
    server: Server

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        payload = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def _handle(self) -> None:
        path, _, query = self.path.partition("?")
        parts = path.split("/")
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        place = f"{parts[4]}/{parts[6] if len(parts) > 6 else body['metadata']['name']}"
        self.server.requests.append(f"{self.command} {place}")
        if self.command != "GET" and query != "fieldManager=secrets-init":
            self._answer(400, {"reason": "NobodyWrites"})
        elif self.headers["Authorization"] != "Bearer token-of-test":
            self._answer(401, {"reason": "Unauthorized"})
        elif status := self.server.refuse(self.command, place):
            self._answer(status, {"reason": f"Refused{status}"})
        elif self.command == "POST":
            self._create(place, body)
        elif place not in self.server.secrets:
            self._answer(404, {"reason": "NotFound"})
        elif self.command == "PATCH":
            self._patch(self.server.secrets[place], body)
        else:
            self._answer(200, self.server.secrets[place])

    def _create(self, place: str, body: dict[str, Any]) -> None:
        if place in self.server.secrets:
            self._answer(409, {"reason": "AlreadyExists"})
            return
        self.server.secrets[place] = {"metadata": {"resourceVersion": "1"}, "data": body["data"]}
        self._answer(201, {})

    def _patch(self, secret: dict[str, Any], body: dict[str, Any]) -> None:
        if body["metadata"]["resourceVersion"] != secret["metadata"]["resourceVersion"]:
            self._answer(409, {"reason": "Conflict"})
            return
        secret["data"] |= body["data"]
        secret["metadata"]["resourceVersion"] += "1"
        self._answer(200, secret)

    do_GET = do_POST = do_PATCH = _handle  # noqa: N815 - the base class calls them so

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class named it
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as one:
        thread = threading.Thread(target=one.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield one
        one.shutdown()
        thread.join()


@pytest.fixture
def fill(program: ModuleType, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    token = tmp_path / "token"
    token.write_text("token-of-test\n", encoding="ascii")
    monkeypatch.setattr(program, "PAUSE", 0.02)

    def run(spec: list[dict[str, Any]] = SPEC, *, patience: float = 0.0) -> str:
        api = program.Api("127.0.0.1", server.server_port, None, token)
        said: list[str] = []
        program.Filler(api, program.parse(json.dumps(spec)), said.append, time.monotonic() + patience).fill_all()
        return "\n".join(said)

    return run


def test_everything_is_created_and_both_ends_share_the_copied_value(server: Server, fill: Callable[..., str]) -> None:
    said = fill()
    key, password = server.value("todo/todo-app", "django-secret-key"), server.value("data/postgresql", "password")
    assert (len(key), len(password)) == (64, 32)
    assert server.value("todo/todo-app", "database-password") == password
    assert key not in said
    assert password not in said
    assert said.splitlines() == [
        "data/postgresql: created with password",
        "todo/todo-app: created with database-password, django-secret-key",
    ]


def test_second_run_changes_nothing(server: Server, fill: Callable[..., str]) -> None:
    fill()
    before, asked = json.dumps(server.secrets), len(server.requests)
    assert fill().count("unchanged") == 2
    assert json.dumps(server.secrets) == before
    assert all(request.startswith("GET") for request in server.requests[asked:])


def test_missing_keys_are_added_beside_what_is_there(server: Server, fill: Callable[..., str]) -> None:
    server.put("data/postgresql", password="kept")
    server.put("todo/todo-app", foreign="kept too")
    fill()
    assert server.value("data/postgresql", "password") == "kept"
    assert server.value("todo/todo-app", "foreign") == "kept too"
    assert server.value("todo/todo-app", "database-password") == "kept"


def test_somebody_quicker_wins(server: Server, fill: Callable[..., str]) -> None:
    def appears_between_read_and_create(method: str, place: str) -> None:
        if method == "POST" and place == "data/postgresql":
            server.put(place, password="of the other")

    server.refuse = appears_between_read_and_create
    fill(patience=5)
    assert server.value("data/postgresql", "password") == "of the other"
    assert server.value("todo/todo-app", "database-password") == "of the other"


def test_change_between_read_and_patch_is_not_lost(server: Server, fill: Callable[..., str]) -> None:
    server.put("data/postgresql", other="x")

    def changes_once(method: str, place: str) -> None:
        if method == "PATCH" and "password" not in server.secrets[place]["data"]:
            server.put(place, other="x", password="of the other")
            server.secrets[place]["metadata"]["resourceVersion"] = "2"

    server.refuse = changes_once
    fill(SPEC[1:], patience=5)
    assert server.value("data/postgresql", "password") == "of the other"


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_what_passes_is_waited_for(server: Server, fill: Callable[..., str], status: int) -> None:
    refusals = iter([status, status])
    server.refuse = lambda method, _place: next(refusals, None) if method == "POST" else None
    assert "waiting: cannot create Secret data/postgresql" in fill(patience=5)
    assert "todo/todo-app" in server.secrets


def test_deadline_names_the_object_and_the_reason(
    program: ModuleType, server: Server, fill: Callable[..., str]
) -> None:
    server.refuse = lambda _method, _place: 403
    with pytest.raises(program.RefusedError, match="cannot read Secret data/postgresql: 403 Refused403"):
        fill(patience=0.1)


def test_what_does_not_pass_is_told_at_once(program: ModuleType, server: Server, fill: Callable[..., str]) -> None:
    server.refuse = lambda method, _place: 422 if method == "POST" else None
    with pytest.raises(program.RefusedError, match="cannot create Secret data/postgresql: 422"):
        fill(patience=60)


def test_copy_of_a_secret_outside_the_spec_waits_for_it(
    program: ModuleType, server: Server, fill: Callable[..., str]
) -> None:
    with pytest.raises(program.RefusedError, match="todo/todo-app copies data/postgresql/password, which does not"):
        fill(SPEC[:1])
    assert "todo/todo-app" not in server.secrets
    server.put("data/postgresql", password="there")
    fill(SPEC[:1])
    assert server.value("todo/todo-app", "database-password") == "there"


def test_api_server_away_is_told_without_a_traceback(program: ModuleType, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("x", encoding="ascii")
    with Server() as closed:
        port = closed.server_port
    filler = program.Filler(
        program.Api("127.0.0.1", port, None, token), program.parse(json.dumps(SPEC)), str, time.monotonic()
    )
    with pytest.raises(program.RefusedError, match=f"API server 127.0.0.1:{port}"):
        filler.fill_all()


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("", "is no JSON"),
        ("[]", "at least one Secret"),
        ('[{"namespace": "a"}]', "wants exactly namespace, name and keys"),
        ('[{"namespace": "A", "name": "b", "keys": {"k": {"length": 20}}}]', "A/b is no namespace/name"),
        ('[{"namespace": "a", "name": "b", "keys": {}}]', "at least one key"),
        ('[{"namespace": "a", "name": "b", "keys": {"k": {"length": 3}}}]', "wants {"),
        ('[{"namespace": "a", "name": "b", "keys": {"k": {"length": true}}}]', "wants {"),
        ('[{"namespace": "a", "name": "b", "keys": {"k": {"copyFrom": "a/b"}}}]', "wants {"),
        ('[{"namespace": "a", "name": "b", "keys": {"k/": {"length": 20}}}]', "'k/' is no key"),
        ('[{"namespace": "a", "name": "b", "keys": {"k": {"copyFrom": "a/b/k"}}}]', "leads back to itself"),
    ],
)
def test_bad_spec_is_told(program: ModuleType, spec: str, told: str) -> None:
    with pytest.raises(program.BadSpecError) as refused:
        program.parse(spec)
    assert told in str(refused.value)


def test_all_mistakes_at_once(program: ModuleType) -> None:
    entry = {"namespace": "a", "name": "b", "keys": {"k": {"length": 1}, "l": {"size": 20}}}
    with pytest.raises(program.BadSpecError) as refused:
        program.parse(json.dumps([entry, {"name": "x"}]))
    assert len(str(refused.value).splitlines()) == 3


def test_main_ends_with_2_for_a_bad_spec_and_1_outside_a_cluster(
    program: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SECRETS_SPEC", "{}")
    assert program.main() == 2
    monkeypatch.setenv("SECRETS_SPEC", json.dumps(SPEC))
    assert program.main() == 1
    assert "no pod with a service account" in capsys.readouterr().err
