"""Every error is a problem document."""

import json
import uuid
from typing import cast

import pytest
from django.http import HttpResponse
from django.test import Client

from todo_app.accounts.access import AccountBanned
from todo_app.api.errors import problem_of_exception
from todo_app.moderation.checks import Refusal, TextRefused
from todo_app.moderation.matcher import Hit


def call(path: str, method: str = "GET", host: str = "todo.invalid") -> HttpResponse:
    """An https request to the service by its name."""
    return cast(HttpResponse, Client(headers={"host": host}).generic(method, path, secure=True))


def test_an_unknown_address_is_a_problem_under_api_and_a_page_elsewhere() -> None:
    for method in ("GET", "POST", "DELETE"):
        response = call("/api/v1/nothing", method)
        assert response.status_code == 404
        assert response.headers["Content-Type"] == "application/problem+json"
        assert json.loads(response.content)["type"] == "not-found"

    page = call("/nothing")
    assert page.status_code == 404
    assert page.headers["Content-Type"].startswith("text/html")


def test_a_foreign_host_is_refused_as_a_problem() -> None:
    response = call("/api/v1/auth/me", host="evil.example")

    assert response.status_code == 400
    assert json.loads(response.content)["type"] == "bad-request"


def test_probes_come_by_pod_address_and_others_may_not() -> None:
    assert call("/healthz", host="10.64.0.7:8000").status_code == 200
    assert call("/", host="10.64.0.7:8000").status_code == 400


def test_an_exception_nobody_expected_tells_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    response = problem_of_exception(RuntimeError("canary"))

    assert response.status_code == 500
    assert json.loads(response.content)["type"] == "server-error"
    assert b"canary" not in response.content


def test_a_ban_is_told_with_its_reason() -> None:
    response = problem_of_exception(AccountBanned(reason="spam"))

    assert response.status_code == 403
    body = json.loads(response.content)
    assert (body["type"], body["reason"]) == ("account-banned", "spam")


def test_a_refusal_names_field_and_place() -> None:
    hits = (Hit(0, 3, "bad", 1), Hit(7, 10, "sad", 1), Hit(8, 13, "split", 1))
    fields = (("title", 0), ("description", 6), ("tags", 11))
    refusal = Refusal(uuid.uuid4(), "bad x\n\nsad\nxyz", hits, 4, fields)

    body = json.loads(problem_of_exception(TextRefused(refusal)).content)

    assert body["hits"] == [
        {"field": "title", "word": "bad", "start": 0, "end": 3},
        {"field": "description", "word": "sad", "start": 1, "end": 4},
        {"field": "description", "word": "split", "start": 2, "end": 4},
        {"field": "tags", "word": "split", "start": 0, "end": 2},
    ]
    assert body["words_version"] == 4


def test_security_headers_are_on_pages_and_api() -> None:
    for path in ("/sign-in", "/api/v1/nothing", "/healthz"):
        headers = call(path).headers
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert "max-age=31536000" in headers["Strict-Transport-Security"]
