"""R26: whatever ends access ends it on the next request; a session is new at sign-in; no forged token is accepted."""

import random
import time
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from tests.accounts.test_oidc import BAD
from tests.conftest import api
from tests.faults.harness import Fault, FaultRun
from tests.issuer import Issuer, issuer
from todo_app.accounts import jwks, services
from todo_app.accounts.access import TokenInvalid, admit
from todo_app.accounts.bans import users_ban
from todo_app.accounts.models import ExternalIdentity, Role, User
from todo_app.accounts.selectors import token_by_digest

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]
__all__ = ["issuer"]
FAULT = Fault(
    id="R26",
    title="session-kill",
    promise="after ban, role or password change, revoke, sign-out the next request is refused; no forgery passes",
    defect="the token path does not compare the epoch",
)
FORGED = 200
Make = Callable[..., User]


def role_change(user: User, _admin: User) -> None:
    user.role = Role.ADMIN
    user.save()


def password_change(user: User, _admin: User) -> None:
    user.set_password("another passphrase")
    user.save()


def raw_sql(user: User, _admin: User) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_user SET role = 'admin' WHERE id = %s", [user.pk])


def ban(user: User, admin: User) -> None:
    users_ban(user_ids=[user.pk], action="ban", reason="x", actor=admin, now=timezone.now())


def ban_and_unban(user: User, admin: User) -> None:
    ban(user, admin)
    users_ban(user_ids=[user.pk], action="unban", reason="x", actor=admin, now=timezone.now())


ENDINGS = (role_change, password_change, raw_sql, ban, ban_and_unban)


def signed_in(user: User) -> Client:
    """A browser that signed in by the form."""
    client = Client(REMOTE_ADDR=f"198.51.{random.randrange(256)}.{random.randrange(256)}")  # noqa: S311 - an address of its own
    client.get("/sign-in")
    answer = client.post("/sign-in", {"username": user.username, "password": f"passphrase-{user.username}"})
    assert answer.status_code == 302
    return client


def accepted_after(ending: Callable[[User, User], None], user: User, admin: User, issuer: Issuer) -> tuple[int, int]:
    """Requests made after the ending, and those that were accepted: sessions, token, JWT."""
    subject = f"kill-{user.pk}"
    jwt_text = issuer.token(sub=subject)
    by_jwt = Client(headers={"Authorization": f"Bearer {jwt_text}"})
    assert by_jwt.get("/api/v1/auth/me").status_code == 200
    ExternalIdentity.objects.filter(subject=subject).update(user=user)
    sessions, token = [signed_in(user), signed_in(user)], api(user)
    assert [client.get("/").status_code for client in sessions] == [200, 200]
    assert (token.get("/api/v1/auth/me").status_code, by_jwt.get("/api/v1/auth/me").status_code) == (200, 200)
    ending(User.objects.get(pk=user.pk), admin)
    statuses = [client.get("/").status_code for client in sessions]
    statuses += [client.get("/api/v1/auth/me").status_code for client in (token, by_jwt)]
    return len(statuses), sum(status < 300 for status in statuses)


def sign_out_and_fixation(user: User) -> tuple[int, int]:
    """A signed-out cookie and one chosen before sign-in are worth nothing; a revoked token neither."""
    client, thief = signed_in(user), Client()
    thief.cookies["sessionid"] = client.cookies["sessionid"].value
    client.post("/sign-out")
    fixed = Client()
    fixed.cookies["sessionid"] = "chosen" + "a" * 26
    fixed.post("/sign-in", {"username": user.username, "password": f"passphrase-{user.username}"})
    victim = Client()
    victim.cookies["sessionid"] = "chosen" + "a" * 26
    token = api(user)
    key = token.get("/api/v1/auth/tokens").json()["data"][0]["id"]
    token.delete(f"/api/v1/auth/tokens/{key}")
    statuses = [thief.get("/").status_code, victim.get("/").status_code, token.get("/api/v1/auth/me").status_code]
    return len(statuses), sum(status < 300 for status in statuses)


def forged(issuer: Issuer, number: int, chance: random.Random) -> str:
    """One of the bad JWTs, or one of our own tokens with characters changed."""
    if number % 4:
        kinds = sorted(BAD)
        return BAD[kinds[number % len(kinds)]](issuer).encode().decode("latin-1")
    return services.TOKEN_PREFIX + "".join(chance.choices("abcdefghijklmnopqrstuvwxyzABCDEF0123456789-_", k=43))


def probe(run: FaultRun, make_user: Make, admin: User, issuer: Issuer, patch: pytest.MonkeyPatch) -> None:
    """`rounds` users through each ending in turn, then 200 forgeries."""
    total = accepted = 0
    chance = run.random
    for number in range(run.rounds):
        tried, passed = accepted_after(ENDINGS[number % len(ENDINGS)], make_user(), admin, issuer)
        total, accepted = total + tried, accepted + passed
    tried, passed = sign_out_and_fixation(make_user())
    total, accepted = total + tried, accepted + passed
    patch.setattr(jwks, "REFETCH_GAP", 5.0)
    started = time.monotonic()
    for number in range(FORGED):
        client = Client(headers={"Authorization": f"Bearer {forged(issuer, number, chance)}"})
        accepted += client.get("/api/v1/todos").status_code != 401
    assert issuer.fetches <= 2 + (time.monotonic() - started) / 5, "forgeries make us fetch keys"
    run.verdict(n=total + FORGED, failures=accepted, note=f"{total} requests after an ending, {FORGED} forged tokens")


def test_promise_holds(
    fault_run: FaultRun, make_user: Make, admin: User, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    probe(fault_run, make_user, admin, issuer, monkeypatch)


def test_defect_turns_it_red(
    fault_run: FaultRun, make_user: Make, admin: User, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_epoch(*, text: str, now: object) -> object:
        token = token_by_digest(digest=services._digest(text), now=timezone.now())
        if token is None:
            raise TokenInvalid
        return admit(token.user), token

    monkeypatch.setattr("todo_app.api.authentication.token_user", without_epoch)
    probe(fault_run, make_user, admin, issuer, monkeypatch)
