"""R30: line breaks, escapes and canaries in every input: one event stays one JSON line, and nothing of it is told."""

import io
import json
import logging
import logging.config
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.test import Client
from prometheus_client import generate_latest

from config.logs import logging_config
from tests.conftest import api
from tests.faults.harness import Fault, FaultRun
from todo_app.accounts.models import User
from todo_app.common.request_log import RequestLogMiddleware
from todo_app.todos import services

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]
FAULT = Fault(
    id="R30",
    title="log-injection-pii",
    promise="every event is one JSON line; nobody's text is in logs, metric labels or errors of our side",
    defect="the request line also logs the path",
)
BREAKS = (
    '\n{"event": "forged", "level": "info"}',
    "\r\nHTTP/1.1 200 OK\r\n\r\n",
    "\x1b[2J\x1b[31m",
    '"}\n{"event":"forged"}',
    "\u2028\u2029\x85\x0b\x0c",
    "${jndi:ldap://x}",
    "%0d%0aforged",
    "{{7*7}}",
    "\x08\x7f",
)


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    """What the service writes, as in production."""
    buffer, root = io.StringIO(), logging.getLogger()
    before = root.handlers[:]
    configuration = logging_config(level="debug")
    configuration["handlers"]["stdout"]["stream"] = buffer
    logging.config.dictConfig(configuration)
    logging.getLogger("asyncio").setLevel("WARNING")
    yield buffer
    root.handlers[:] = before


def posts(text: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Every body the API takes, with the text in each of its members."""
    return [
        ("POST", "/api/v1/auth/tokens", {"username": text[:150], "password": text}),
        ("POST", "/api/v1/auth/tokens", {"username": "x", "password": "y", "name": text, text: text}),
        ("POST", "/api/v1/todos", {"title": text, "description": text}),
        ("POST", "/api/v1/todos", {"title": text * 50}),
        ("POST", "/api/v1/banned-words", {"word": text, "severity": text}),
        ("POST", "/api/v1/users/ban", {"user_ids": [text], "action": text, "reason": text}),
        ("POST", "/sign-in", {"username": text, "password": text, "next": text}),
        ("PUT", f"/api/v1/todos/{secrets.token_hex(4)}", {"title": text}),
    ]


def attack(client: Client, text: str) -> int:
    """The text in bodies, addresses and headers; returns how many requests."""
    plain = "".join(c for c in text if c not in "\r\n")
    sent = 0
    for method, path, body in posts(text):
        client.generic(method, path, json.dumps(body).encode(), content_type="application/json")
        sent += 1
    for path in ("/api/v1/todos", "/", "/sign-in", "/moderation", "/api/v1/violations"):
        client.get(path, {"cursor": text, "limit": text, "next": text})
        client.get(f"/{secrets.token_hex(2)}/{text}".replace("\x00", ""))
        sent += 2
    for name in ("User-Agent", "X-Request-ID", "Authorization", "Idempotency-Key", "If-Match", "Referer", "Accept"):
        client.get("/api/v1/auth/me", headers={name: plain})
        sent += 1
    client.generic("POST", "/api/v1/todos", text.encode(), content_type="application/json")
    client.generic("POST", "/api/v1/todos", b"{}", content_type=plain or "text/plain")
    return sent + 2


def our_fault(client: Client, text: str) -> bytes:
    """The answer when a service breaks with the text in its exception."""
    with pytest.MonkeyPatch.context() as patch:

        def broken(**_given: object) -> None:
            raise RuntimeError(text)

        patch.setattr(services, "todo_create", broken)
        client.raise_request_exception = False
        answer = client.post("/api/v1/todos", {"title": "x"}, content_type="application/json")
        assert answer.status_code == 500
        return bytes(answer.content)


def probe(run: FaultRun, user: User, out: io.StringIO) -> None:
    """`rounds` canaries through every input, each with every break."""
    sent, leaks = 0, []
    client = api(user)
    for _ in range(run.rounds):
        canary = f"canary{secrets.token_hex(6)}"
        for mark in BREAKS:
            sent += attack(client, canary + mark + canary)
        if canary.encode() in our_fault(client, canary + "\nforged"):
            leaks.append("an error of ours tells the exception")
        written, figures = out.getvalue(), generate_latest().decode()
        leaks += [
            f"{name} hold the canary" for name, text in (("logs", written), ("metrics", figures)) if canary in text
        ]
    lines = out.getvalue().splitlines()
    events = [json.loads(line) for line in out.getvalue().split("\n") if line]
    forged = [event for event in events if event.get("event") == "forged" or "level" not in event]
    leaks += [f"{len(forged)} forged events"] if forged else []
    leaks += ["a line break inside of an event"] if len(lines) != len(events) else []
    requests = sum(event["event"] == "request" for event in events)
    assert requests >= sent, f"{sent} requests left {requests} lines"
    run.verdict(n=sent, failures=len(leaks), note=f"{len(events)} lines, all JSON; {'; '.join(leaks[:3])}")


def test_promise_holds(fault_run: FaultRun, user: User, out: io.StringIO) -> None:
    probe(fault_run, user, out)


def test_defect_turns_it_red(
    fault_run: FaultRun, user: User, out: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    real: Callable[..., HttpResponseBase] = RequestLogMiddleware.__call__

    def talkative(self: RequestLogMiddleware, request: HttpRequest) -> HttpResponseBase:
        structlog.get_logger("request").info("started", path=request.get_full_path())
        return real(self, request)

    monkeypatch.setattr(RequestLogMiddleware, "__call__", talkative)
    probe(fault_run, user, out)
