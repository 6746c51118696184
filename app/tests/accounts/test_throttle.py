"""Sign-in attempts: the limit is exact under races and locks nobody out from elsewhere."""

import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
from django.test import Client

from todo_app.accounts import throttle
from todo_app.accounts.models import User
from todo_app.accounts.throttle import PAIR_TRIES, SignInThrottled, ThrottleUnavailable, attempt_reserve

pytestmark = pytest.mark.integration


def tries(address: str, account: str, number: int) -> int:
    """How many of the parallel tries were let through to the password."""

    def one(_: int) -> int:
        try:
            attempt_reserve(address=address, account=account)
        except SignInThrottled:
            return 0
        return 1

    with ThreadPoolExecutor(16) as pool:
        return sum(pool.map(one, range(number)))


def test_parallel_tries_never_pass_the_limit() -> None:
    assert tries(secrets.token_hex(4), "victim", 80) == PAIR_TRIES


def test_an_attacker_elsewhere_does_not_lock_the_owner_out(user: User) -> None:
    tries("192.0.2.1", user.username, 40)

    right = {"username": user.username, "password": f"passphrase-{user.username}"}
    assert Client(REMOTE_ADDR="192.0.2.77").post("/sign-in", right).status_code == 302
    assert Client(REMOTE_ADDR="192.0.2.1").post("/sign-in", right).status_code == 429


def test_success_starts_afresh(user: User) -> None:
    right = {"username": user.username, "password": f"passphrase-{user.username}"}
    client = Client(REMOTE_ADDR="192.0.2.99")

    assert {client.post("/sign-in", right).status_code for _ in range(PAIR_TRIES + 3)} == {302}


def test_without_redis_sign_in_fails_closed_and_tells_so(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = redis.Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.2)
    monkeypatch.setattr(throttle, "client", lambda: nowhere)

    with pytest.raises(ThrottleUnavailable):
        attempt_reserve(address="192.0.2.5", account="x")
    body = {"username": user.username, "password": f"passphrase-{user.username}"}
    answer = Client().post("/api/v1/auth/tokens", body, content_type="application/json")
    assert (answer.status_code, answer.json()["type"]) == (503, "sign-in-unavailable")
    assert answer.headers["Retry-After"]
