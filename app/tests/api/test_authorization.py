"""Every route, method and role against the declaration."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.access import API, KEY, PAGES, ROLES, cast_made, media_type, scope_of
from tests.conftest import api
from todo_app.accounts.access import AccountBanned, admit
from todo_app.accounts.bans import users_ban
from todo_app.accounts.models import User
from todo_app.accounts.scopes import scopes_of
from todo_app.accounts.services import TOKEN_PREFIX, token_create
from todo_app.moderation.checks import Refusal
from todo_app.moderation.matcher import Hit
from todo_app.moderation.services import violation_record, word_add
from todo_app.todos.recurrences import recurrence_create
from todo_app.todos.rrule import Rule
from todo_app.todos.services import todo_create

pytestmark = pytest.mark.integration


@pytest.fixture
def cast(make_user: Callable[..., User]) -> dict[str, User]:
    """One user for each role that is somebody."""
    return cast_made(make_user)


def ban(cast: dict[str, User]) -> None:
    users_ban(user_ids=[cast["banned"].pk], action="ban", reason="test", actor=cast["admin"], now=timezone.now())


def prepared(route: str, method: str, cast: dict[str, User], role: str) -> tuple[str, Any]:
    """The address with a real key in it, and a good body."""
    now, owner = timezone.now(), cast["user"]
    who = cast.get(role, owner)
    key: object = None
    if "auth/tokens" in route:
        key = token_create(user=owner, name="", now=now).row.pk
    elif "todos" in route:
        key = todo_create(owner=owner, title="mine", now=now).pk
    elif "recurrences" in route:
        daily = Rule("FREQ=DAILY")
        key = recurrence_create(owner=owner, title="mine", rule=daily, time_zone="UTC", starts_on=now, now=now).pk
    elif "banned-words" in route or "moderation/words" in route:
        key = word_add(word=f"word {now.timestamp()} {role}", severity=1, now=now).pk
    elif "violations" in route:
        refusal = Refusal(owner.pk, "bad\n", (Hit(0, 3, "bad", 1),), 1)
        key = violation_record(user=owner, refusal=refusal, now=now).pk
    else:
        key = cast["other"].pk
    bodies: dict[tuple[str, str], dict[str, Any] | str] = {
        ("api/v1/auth/tokens", "POST"): {"username": who.username, "password": f"passphrase-{who.username}"},
        ("sign-in", "POST"): {"username": who.username, "password": f"passphrase-{who.username}"},
        ("password", "POST"): {
            "old_password": f"passphrase-{who.username}",
            "new_password1": "another passphrase",
            "new_password2": "another passphrase",
        },
        ("api/v1/todos", "POST"): {"title": "new"},
        ("", "POST"): {"title": "new"},
        (f"todos/{KEY}", "POST"): {"title": "changed"},
        ("recurrences", "POST"): {"title": "new", "often": "FREQ=DAILY", "starts_on": "2066-01-01T09:00"},
        ("moderation/words", "POST"): {"word": f"page {now.timestamp()} {role}", "severity": 1},
        ("api/v1/recurrences", "POST"): {"title": "new", "rule": "FREQ=DAILY", "starts_on": now.isoformat()},
        (f"api/v1/recurrences/{KEY}", "PATCH"): {"rule": "FREQ=WEEKLY"},
        (f"api/v1/todos/{KEY}", "PATCH"): {"title": "changed"},
        ("api/v1/banned-words", "POST"): {"word": f"new {now.timestamp()} {role}"},
        ("api/v1/banned-words/import", "POST"): f"word,kind,severity\nline {now.timestamp()} {role},literal,low\n",
        ("api/v1/users/ban", "POST"): {"user_ids": [str(cast["other"].pk)], "action": "unban", "reason": "test"},
        (f"moderation/users/{KEY}/ban", "POST"): {"action": "unban", "reason": "test"},
    }
    days = "?first=2026-01-01&last=2026-01-31" if route in {"api/v1/violations/days", "api/v1/violations/words"} else ""
    step = "pause" if "recurrences" in route else "start"
    address = "/" + route.replace(KEY, str(key)).replace("<str:action>", step) + days
    return address, bodies.get((route, method), {})


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("route", "method"), API)
def test_the_api_answers_as_declared(route: str, method: str, role: str, cast: dict[str, User]) -> None:
    client = api(cast.get(role))
    address, body = prepared(route, method, cast, role)
    ban(cast)

    headers = {"If-Match": "*"} if method == "PATCH" else {}
    response = client.generic(
        method, address, body_bytes(body), content_type=media_type(route, method), headers=headers
    )

    assert response.status_code == API[route, method][ROLES.index(role)], response.content
    if response.status_code >= 400:
        assert response.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("route", "method"), PAGES)
def test_the_pages_answer_as_declared(route: str, method: str, role: str, cast: dict[str, User]) -> None:
    client = Client()
    if role in cast:
        client.force_login(cast[role], backend="todo_app.accounts.backends.AccountBackend")
    address, body = prepared(route, method, cast, role)
    ban(cast)

    response = client.get(address) if method == "GET" else client.post(address, body)

    assert response.status_code == PAGES[route, method][ROLES.index(role)], response.content


BAD = ("expired", "forged", "narrow")


def credential(kind: str, user: User, *, scope: str) -> str:
    """A token of this user that is past its time, not ours, or good for everything but `scope`."""
    now = timezone.now()
    if kind == "forged":
        return TOKEN_PREFIX + "A" * 43
    if kind == "expired":
        return token_create(user=user, name="", lifetime=timedelta(days=1), now=now - timedelta(days=2)).text
    others = [name for name in scopes_of(may=user.has_perm) if name != scope]
    return token_create(user=user, name="", scopes=others, now=now).text


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize(("route", "method"), API)
def test_a_token_that_is_no_good_opens_nothing(route: str, method: str, kind: str, cast: dict[str, User]) -> None:
    scope = scope_of(route, method)
    address, body = prepared(route, method, cast, "admin")
    public = API[route, method][0] < 400
    client = Client(headers={"Authorization": f"Bearer {credential(kind, cast['admin'], scope=scope)}"})

    response = client.generic(method, address, body_bytes(body), content_type=media_type(route, method))

    if kind == "narrow":
        wanted = API[route, method][ROLES.index("admin")] if public else 403
        assert response.status_code == wanted, response.content
        assert public or (response.json()["type"], response.json()["scope"]) == ("scope-missing", scope)
    else:
        assert (response.status_code, response.json()["type"]) == (401, "token-invalid")


def test_a_method_that_is_not_declared_is_405(cast: dict[str, User]) -> None:
    client = api(cast["admin"])
    tried = 0
    for route in {route for route, _ in API}:
        address, _ = prepared(route, "", cast, "admin")
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - {m for r, m in API if r == route}:
            tried += 1
            response = client.generic(method, address, b"{}", content_type="application/json")
            assert (method, response.status_code) == (method, 405)
            assert response.headers["Allow"]
    assert tried >= 40


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Bearer x", "Basic dTpw", "Bearer " + "a" * 300, "slw_x"])
def test_a_forged_token_is_401(header: str) -> None:
    response = Client(headers={"Authorization": header}).get("/api/v1/auth/me")

    assert response.status_code == 401
    assert response.json()["type"] == "token-invalid"


def test_expired_and_revoked_tokens_are_401(user: User) -> None:
    from todo_app.accounts.models import ApiToken

    client = api(user)
    assert client.get("/api/v1/auth/me").status_code == 200

    ApiToken.objects.filter(user=user).update(expires_on=timezone.now())
    assert client.get("/api/v1/auth/me").status_code == 401

    other = api(user)
    key = other.get("/api/v1/auth/tokens").json()["data"][0]["id"]
    assert other.delete(f"/api/v1/auth/tokens/{key}").status_code == 204
    assert other.get("/api/v1/auth/me").status_code == 401


def test_a_path_that_forgets_the_ban_is_noticed(cast: dict[str, User], monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: without `admit` on the token path the matrix's banned column would be wrong."""
    client = api(cast["banned"])
    ban(cast)
    assert client.get("/api/v1/auth/me").status_code == 403

    monkeypatch.setattr("todo_app.accounts.services.admit", lambda user: user)

    assert client.get("/api/v1/auth/me").status_code == 401, "not the declared 403; the epoch alone refuses it"
    with pytest.raises(AccountBanned):
        admit(User.objects.get(pk=cast["banned"].pk))


def body_bytes(body: dict[str, Any] | str) -> bytes:
    """Text as it is, anything else as JSON, nothing for none."""
    import orjson

    if isinstance(body, str):
        return body.encode()
    return orjson.dumps(body) if body else b""
