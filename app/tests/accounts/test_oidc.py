"""Tokens of an identity provider, against a small one over HTTP: what is let in and how often it is asked."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.test import Client
from django.utils import timezone

from tests.issuer import Issuer, issuer, rsa_key
from todo_app.accounts import jwks
from todo_app.accounts.bans import users_ban
from todo_app.accounts.models import ExternalIdentity, Role, User

pytestmark = pytest.mark.integration
__all__ = ["issuer"]


def call(token: str, path: str = "/api/v1/auth/me") -> Any:  # noqa: ANN401 - the test client's response with json()
    """The answer to this token."""
    return Client(headers={"Authorization": f"Bearer {token}"}).get(path)


def user_of(issuer: Issuer, subject: str) -> User:
    """The user this subject is."""
    return ExternalIdentity.objects.get(issuer=issuer.url, subject=subject).user


def test_the_first_token_makes_a_user_and_later_ones_find_it(issuer: Issuer) -> None:
    first, second = call(issuer.token(sub="new")), call(issuer.token(sub="new"))

    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json()["id"] == second.json()["id"]
    assert first.json()["username"].startswith("SomeOne-")
    assert not user_of(issuer, "new").has_usable_password()
    assert issuer.fetches == 1, "keys are kept"


def test_a_known_user_costs_one_query(issuer: Issuer, django_assert_num_queries: Callable[..., Any]) -> None:
    token = issuer.token(sub="query")
    call(token)

    with django_assert_num_queries(1):
        call(token)


def test_es256_is_taken_and_scopes_limit(issuer: Issuer) -> None:
    issuer.keys["curve"] = ec.generate_private_key(ec.SECP256R1())

    token = issuer.token(kid="curve", alg="ES256", sub="curve", scope="openid todos:read")

    assert call(token, "/api/v1/todos").status_code == 200
    assert call(token).json()["type"] == "scope-missing"
    assert call(issuer.token(sub="curve", scope="openid profile")).status_code == 403, "no scope of ours: nothing"


def none_token(issuer: Issuer) -> str:
    return jwt.encode(issuer.claims(), key="", algorithm="none", headers={"kid": "first"})


def confused(issuer: Issuer) -> str:
    """HMAC with the public key as the secret; PyJWT refuses to make one, so by hand."""
    import hashlib
    import hmac

    def part(value: dict[str, Any]) -> bytes:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")

    text = part({"alg": "HS256", "typ": "JWT", "kid": "first"}) + b"." + part(issuer.claims())
    mac = hmac.new(issuer.public_pem(), text, hashlib.sha256).digest()
    return (text + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")).decode()


def tampered(issuer: Issuer) -> str:
    head, _, sign = issuer.token().split(".")
    body = base64.urlsafe_b64encode(json.dumps(issuer.claims(sub="admin")).encode()).rstrip(b"=").decode()
    return f"{head}.{body}.{sign}"


BAD: dict[str, Callable[[Issuer], str]] = {
    "none": none_token,
    "hmac with the public key": confused,
    "changed payload": tampered,
    "another key of the same name": lambda i: i.token(key=rsa_key("attacker")),
    "unknown kid": lambda i: i.token(kid="nowhere", key=rsa_key("attacker")),
    "no kid": lambda i: i.token(kid=None),
    "RS512": lambda i: i.token(alg="RS512"),
    "wrong aud": lambda i: i.token(aud="another"),
    "no aud": lambda i: i.token(aud=None),
    "wrong iss": lambda i: i.token(iss="https://evil.example"),
    "no iss": lambda i: i.token(iss=None),
    "expired": lambda i: i.token(exp=int(time.time()) - 60),
    "no exp": lambda i: i.token(exp=None),
    "not yet": lambda i: i.token(nbf=int(time.time()) + 120),
    "issued tomorrow": lambda i: i.token(iat=int(time.time()) + 86400),
    "no iat": lambda i: i.token(iat=None),
    "no sub": lambda i: i.token(sub=None),
    "empty sub": lambda i: i.token(sub=""),
    "NUL in sub": lambda i: i.token(sub="a\0b"),
    "cut": lambda i: i.token()[:-10],
    "not base64": lambda _: "x.y.z",
}


@pytest.mark.parametrize("kind", BAD)
def test_what_the_issuer_did_not_sign_for_us_and_now_is_refused(issuer: Issuer, kind: str) -> None:
    before = User.objects.count()

    answer = call(BAD[kind](issuer).encode().decode("latin-1"))

    assert (answer.status_code, answer.json()["type"]) == (401, "token-invalid")
    assert User.objects.count() == before


def test_clocks_may_differ_a_little(issuer: Issuer) -> None:
    now = int(time.time())

    assert call(issuer.token(exp=now - 10)).status_code == 200
    assert call(issuer.token(nbf=now + 10, iat=now + 10)).status_code == 200


def test_a_new_key_works_at_once_and_a_withdrawn_one_ends(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    old = issuer.token(sub="rotated")
    assert call(old).status_code == 200
    issuer.keys = {"second": rsa_key("second")}
    monkeypatch.setattr(jwks, "REFETCH_GAP", 0.0)

    assert call(issuer.token(kid="second", sub="rotated")).status_code == 200
    assert call(old).status_code == 401


def test_strangers_cannot_make_us_fetch(issuer: Issuer) -> None:
    call(issuer.token())
    for number in range(50):
        assert call(issuer.token(kid=f"guess-{number}", key=rsa_key("attacker"))).status_code == 401

    assert issuer.fetches == 1, "one fetch in REFETCH_GAP, whatever is sent"


def test_a_weak_key_is_not_used(issuer: Issuer) -> None:
    issuer.keys["weak"] = rsa_key("weak", 1024)

    with pytest.warns(jwt.InsecureKeyLengthWarning):
        token = issuer.token(kid="weak")
    assert call(token).status_code == 401


def test_without_the_issuer_known_keys_serve_and_none_is_503(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    token = issuer.token(sub="outage")
    assert call(token).status_code == 200
    issuer.broken = True
    monkeypatch.setattr(jwks, "KEYS_LIVE", 0.0)
    monkeypatch.setattr(jwks, "REFETCH_GAP", 0.0)
    assert call(token).status_code == 200

    monkeypatch.setattr(jwks, "STALE_LIVE", 0.0)
    answer = call(token)
    assert (answer.status_code, answer.json()["type"]) == (503, "issuer-unavailable")
    assert answer.headers["Retry-After"]


def test_a_banned_user_is_told_and_old_tokens_stay_dead_after_the_unban(issuer: Issuer, admin: User) -> None:
    token = issuer.token(sub="banned")
    call(token)
    user = user_of(issuer, "banned")
    users_ban(user_ids=[user.pk], action="ban", reason="spam", actor=admin, now=timezone.now())

    answer = call(token)
    assert (answer.status_code, answer.json()["reason"]) == (403, "spam")
    users_ban(user_ids=[user.pk], action="unban", reason="sorry", actor=admin, now=timezone.now())
    assert call(token).status_code == 401
    assert call(issuer.token(sub="banned", iat=int(time.time()) + 2)).status_code == 200


def test_the_group_decides_the_role_and_a_change_ends_older_tokens(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "OIDC_ADMIN_GROUP", "moderators")
    now = int(time.time())
    old = issuer.token(sub="boss", iat=now - 20, groups=["moderators"])
    assert call(old).json()["role"] == Role.ADMIN

    plain = issuer.token(sub="boss", iat=now - 10, groups=["others"])
    assert call(plain).json()["role"] == Role.USER
    assert call(old).status_code == 401, "an older token does not bring the role back"
    assert call(plain).status_code == 200
    assert user_of(issuer, "boss").role == Role.USER


def test_without_an_issuer_a_jwt_is_no_token_of_ours(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    token = issuer.token()
    monkeypatch.setattr(settings, "OIDC_ISSUER", "")

    assert call(token).status_code == 401


def test_a_name_of_a_local_account_is_not_handed_over(issuer: Issuer, user: User) -> None:
    answer = call(issuer.token(sub="twin", preferred_username=user.username)).json()

    assert answer["id"] != str(user.pk)
    assert answer["username"].startswith(f"{user.username}-")
