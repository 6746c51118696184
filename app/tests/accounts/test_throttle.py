"""Sign-in attempts: the limit is exact under races and locks nobody out from elsewhere."""

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_network

import pytest
import redis
from django.conf import settings
from django.test import Client

from todo_app.accounts import throttle
from todo_app.accounts.models import User
from todo_app.accounts.throttle import ADDRESS_TRIES, PAIR_TRIES, SignInThrottled, ThrottleUnavailable, attempt_reserve

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


def test_behind_one_address_a_known_device_gets_in_and_others_do_not(user: User) -> None:
    right = {"username": user.username, "password": f"passphrase-{user.username}"}
    wrong = {**right, "password": "wrong"}
    address = "192.0.2.40"
    owner, attacker, stranger = (Client(REMOTE_ADDR=address) for _ in range(3))
    assert owner.post("/sign-in", right).status_code == 302
    cookie = next(name for name in owner.cookies if name.startswith("device-"))

    answers = [attacker.post("/sign-in", wrong).status_code for _ in range(PAIR_TRIES + 3)]

    assert answers == [401] * PAIR_TRIES + [429] * 3
    assert owner.post("/sign-in", right).status_code == 302
    assert stranger.post("/sign-in", right).status_code == 429, "no cookie: bounded, even with a lucky guess"
    assert attacker.post("/sign-in", right).status_code == 429, "the owner's success gives the attacker no new tries"
    attacker.cookies[cookie] = "eyJhIjoxfQ:1abcde:forged"
    assert attacker.post("/sign-in", right).status_code == 429


def test_a_known_device_has_few_tries_as_well(user: User) -> None:
    right = {"username": user.username, "password": f"passphrase-{user.username}"}
    client = Client(REMOTE_ADDR="192.0.2.41")
    client.post("/sign-in", right)

    answers = [client.post("/sign-in", {**right, "password": "wrong"}).status_code for _ in range(PAIR_TRIES + 1)]

    assert answers == [401] * PAIR_TRIES + [429]


def test_a_cookie_of_one_account_buys_no_tries_for_another(user: User, make_user: Callable[..., User]) -> None:
    mine = make_user()
    client = Client(REMOTE_ADDR="192.0.2.42")
    client.post("/sign-in", {"username": mine.username, "password": f"passphrase-{mine.username}"})
    tries("192.0.2.42", user.username, PAIR_TRIES)

    guess = {"username": user.username, "password": f"passphrase-{user.username}"}
    assert client.post("/sign-in", guess).status_code == 429


def test_many_failures_at_one_address_lock_no_other_account(user: User) -> None:
    for _ in range(ADDRESS_TRIES + 10):
        attempt_reserve(address="192.0.2.43", account=secrets.token_hex(8))

    right = {"username": user.username, "password": f"passphrase-{user.username}"}
    assert Client(REMOTE_ADDR="192.0.2.43").post("/sign-in", right).status_code == 302


def test_behind_a_trusted_proxy_clients_are_told_apart_and_limited(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "TRUSTED_PROXIES", [ip_network("192.0.2.50")])
    body = {"username": user.username, "password": f"passphrase-{user.username}"}
    tries("198.51.100.1", user.username, PAIR_TRIES)

    def sign_in(forwarded: str) -> int:
        client = Client(REMOTE_ADDR="192.0.2.50", headers={"X-Forwarded-For": forwarded})
        return client.post("/api/v1/auth/tokens", body, content_type="application/json").status_code

    assert sign_in("198.51.100.1") == 429
    assert sign_in("198.51.100.2, 198.51.100.1") == 429, "what the client claims is not believed"
    assert sign_in("198.51.100.2") == 201
    for _ in range(ADDRESS_TRIES):
        attempt_reserve(address="198.51.100.3", account=secrets.token_hex(8))
    with pytest.raises(SignInThrottled):
        attempt_reserve(address="198.51.100.3", account=secrets.token_hex(8))


def test_spellings_of_one_name_share_their_tries() -> None:
    tries("192.0.2.44", "owner", PAIR_TRIES)

    for spelling in ("OWNER", "\uff4fwner"):
        with pytest.raises(SignInThrottled):
            attempt_reserve(address="192.0.2.44", account=spelling)


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
