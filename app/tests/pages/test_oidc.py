"""Signing in at an identity provider in a browser, against a small one over HTTP."""

import time
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from tests.issuer import AUDIENCE, CLIENT_ID, CLIENT_SECRET, Issuer, issuer, rsa_key
from tests.servers import Servers
from todo_app.accounts import throttle
from todo_app.accounts.audit import users_audit
from todo_app.accounts.bans import users_ban
from todo_app.accounts.models import ExternalIdentity, Role, User
from todo_app.accounts.sign_in_flow import LIFETIME, Flow, FlowInvalid

pytestmark = pytest.mark.integration
__all__ = ["issuer"]
ADMINS = "todo-admins"


@pytest.fixture(autouse=True)
def switched_on(issuer: Issuer, servers: Servers, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The button, and what the provider knows us by."""
    monkeypatch.setattr(settings, "OIDC_SIGN_IN", "Vault")
    files = {"oidc-client-id": CLIENT_ID, "oidc-client-secret": CLIENT_SECRET}
    for name, text in files.items():
        (servers.secrets_dir / name).write_text(text, encoding="utf-8")
    yield
    for name in files:
        (servers.secrets_dir / name).unlink()


def left(client: Client, target: str = "") -> str:
    """The address a browser is sent to."""
    answer = client.get("/oidc/sign-in", {"next": target} if target else {})
    assert answer.status_code == 302
    return str(answer.headers["Location"])


def back(client: Client, query: dict[str, str]) -> Any:  # noqa: ANN401 - the test client's response
    """Coming back with this query."""
    return client.get("/oidc/callback", query)


def signed(issuer: Issuer, client: Client, *, target: str = "", **claims: Any) -> Any:  # noqa: ANN401 - as above
    """The whole way."""
    return back(client, issuer.authorize(left(client, target), **claims))


def is_in(client: Client) -> bool:
    """Whether the browser has a session."""
    return client.get("/").status_code == 200


def test_a_person_signs_in_and_lands_where_they_were_going(issuer: Issuer) -> None:
    client = Client()

    answer = signed(issuer, client, target="/recurrences", sub="visitor", preferred_username="Ada")

    assert (answer.status_code, answer.headers["Location"]) == (302, "/recurrences")
    assert is_in(client)
    user = ExternalIdentity.objects.get(issuer=issuer.url, subject="visitor").user
    assert user.username.startswith("Ada-")
    assert not user.has_usable_password()
    assert [row["change"] for row in users_audit(user_id=user.pk)] == ["insert"]
    signed(issuer, Client(), sub="visitor")
    assert ExternalIdentity.objects.filter(subject="visitor").count() == 1


def test_the_provider_is_asked_as_the_standard_says(issuer: Issuer) -> None:
    client = Client()
    address = left(client)
    asked = dict(parse_qsl(urlsplit(address).query))

    assert address.startswith(f"{issuer.url}/authorize?")
    assert asked["response_type"] == "code"
    assert asked["redirect_uri"] == f"{settings.PUBLIC_URL}/oidc/callback"
    assert asked["code_challenge_method"] == "S256"
    assert asked["scope"].split()[0] == "openid"
    cookie = client.cookies["sign_in_flow"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/oidc/")
    other = dict(parse_qsl(urlsplit(left(Client())).query))
    assert all(asked[name] != other[name] for name in ("state", "nonce", "code_challenge"))


def test_the_button_is_there_only_when_it_leads_somewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    page = unescape(Client().get("/sign-in?next=/todos/1%26x").content.decode())
    assert "Sign in with Vault" in page
    assert "/oidc/sign-in?next=%2Ftodos%2F1%26x" in page

    monkeypatch.setattr(settings, "OIDC_SIGN_IN", "")
    assert "Sign in with" not in Client().get("/sign-in").content.decode()
    assert Client().get("/oidc/sign-in").status_code == 404
    assert Client().get("/oidc/callback").status_code == 404


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_nobody_is_led_away_from_the_site(issuer: Issuer, target: str) -> None:
    assert signed(issuer, Client(), target=target, sub="led").headers["Location"] == "/"


def test_a_code_brought_by_another_browser_signs_nobody_in(issuer: Issuer) -> None:
    """Login CSRF: an attacker's code in a victim's browser."""
    attacker, victim = Client(), Client()
    query = issuer.authorize(left(attacker), sub="attacker")

    assert back(victim, query).status_code == 400
    left(victim)
    assert back(victim, query).status_code == 400, "a flow of its own, but another state"
    assert not is_in(victim)
    assert issuer.exchanges == [], "the provider was not even asked"


def test_a_flow_is_good_once_and_not_for_long(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client()
    query = issuer.authorize(left(client), sub="once")
    kept = client.cookies["sign_in_flow"].value
    assert back(client, query).status_code == 302
    assert back(Client(), query).status_code == 400
    again = Client()
    again.cookies["sign_in_flow"] = kept
    assert back(again, query).status_code == 401, "the provider takes a code once"
    assert not is_in(again)

    later = time.time() + LIFETIME + 1
    monkeypatch.setattr("django.core.signing.time.time", lambda: later)
    with pytest.raises(FlowInvalid):
        Flow.kept(kept)
    with pytest.raises(FlowInvalid):
        Flow.kept(kept[:-1])


BAD: dict[str, dict[str, Any]] = {
    "another nonce": {"nonce": "another"},
    "no nonce": {"nonce": None},
    "for another client": {"aud": "another"},
    "for the API": {"aud": AUDIENCE},
    "of another party": {"azp": "another"},
    "of another issuer": {"iss": "https://evil.example"},
    "expired": {"exp": int(time.time()) - 120},
    "by another key": {"key": rsa_key("attacker")},
    "no subject": {"sub": None},
}


@pytest.mark.parametrize("kind", BAD)
def test_an_id_token_that_is_not_for_this_sign_in_is_refused(issuer: Issuer, kind: str) -> None:
    client, before = Client(), User.objects.count()

    answer = signed(issuer, client, **{"sub": "refused", **BAD[kind]})

    assert answer.status_code == 401
    assert not is_in(client)
    assert User.objects.count() == before


def test_a_refusal_of_the_provider_is_told(issuer: Issuer) -> None:
    client = Client()
    query = issuer.authorize(left(client))

    answer = back(client, {"error": "access_denied", "state": query["state"]})

    assert answer.status_code == 401
    assert "did not confirm" in answer.content.decode()
    assert issuer.exchanges == []


def test_a_code_of_another_issuer_is_not_shown_to_ours(issuer: Issuer) -> None:
    client = Client()
    query = issuer.authorize(left(client))

    assert back(client, {**query, "iss": "https://evil.example"}).status_code == 400
    assert issuer.exchanges == []


def test_without_the_provider_it_is_503_and_passwords_still_work(issuer: Issuer, user: User) -> None:
    client = Client()
    query = issuer.authorize(left(client))
    issuer.broken = True

    answer = back(client, query)
    assert answer.status_code == 503
    form = {"username": user.username, "password": f"passphrase-{user.username}"}
    assert client.post("/sign-in", form).status_code == 302


def test_a_banned_person_is_told_and_gets_no_session(issuer: Issuer, admin: User) -> None:
    client = Client()
    signed(issuer, client, sub="banned-person")
    user = ExternalIdentity.objects.get(issuer=issuer.url, subject="banned-person").user
    users_ban(user_ids=[user.pk], action="ban", reason="spam", actor=admin, now=timezone.now())

    answer = signed(issuer, Client(), sub="banned-person")

    assert answer.status_code == 403
    assert "spam" in answer.content.decode()
    assert client.get("/").status_code == 403, "the session of before is dead, too"


def test_the_groups_decide_the_role_at_each_sign_in(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "OIDC_ADMIN_GROUP", ADMINS)
    now, client = int(time.time()), Client()
    signed(issuer, client, sub="promoted", iat=now - 20, groups=[ADMINS])
    assert client.get("/admin/").status_code == 200
    assert ExternalIdentity.objects.get(subject="promoted").user.role == Role.ADMIN

    other = Client()
    signed(issuer, other, sub="promoted", iat=now - 10, groups=[])

    assert other.get("/admin/").status_code == 302
    assert is_in(other)
    assert client.get("/admin/").status_code == 302, "the session of the role before has ended"


def test_a_session_is_a_new_one_and_ends_at_sign_out(issuer: Issuer) -> None:
    client = Client()
    client.get("/sign-in")
    client.session["planted"] = "by an attacker"
    fixed = client.session.session_key

    signed(issuer, client, sub="leaving")
    assert client.session.session_key != fixed
    assert client.post("/sign-out").status_code == 302
    assert not is_in(client)


def test_tries_are_counted_and_end(issuer: Issuer) -> None:
    client = Client()
    query = issuer.authorize(left(client), sub="guessing")
    kept = client.cookies["sign_in_flow"].value
    statuses = []
    for number in range(throttle.PAIR_TRIES + 2):
        client.cookies["sign_in_flow"] = kept
        statuses.append(back(client, {**query, "code": f"guess-{number}"}).status_code)

    assert statuses == [401] * throttle.PAIR_TRIES + [429, 429]
    assert len(issuer.exchanges) == throttle.PAIR_TRIES


def test_a_wrong_secret_of_ours_is_no_sign_in(issuer: Issuer, servers: Servers) -> None:
    (servers.secrets_dir / "oidc-client-secret").write_text("rotated away", encoding="utf-8")

    assert signed(issuer, Client(), sub="unlucky").status_code == 401
    assert issuer.exchanges == [401]
