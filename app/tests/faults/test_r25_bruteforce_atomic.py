"""R25: parallel guesses over 64 sockets, spoofed addresses, many accounts: the limit is exact, the owner gets in."""

import json
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from http.client import HTTPConnection
from random import Random

import pytest
from django.conf.global_settings import PASSWORD_HASHERS
from django.contrib.auth.hashers import MD5PasswordHasher
from django.test import Client, override_settings

from tests.faults.harness import Fault, FaultRun
from tests.faults.timing import Telling, timed
from tests.faults.web_process import serving
from tests.servers import Servers, free_port
from todo_app.accounts import services
from todo_app.accounts.models import User
from todo_app.accounts.services import CredentialsWrong, credentials_check
from todo_app.accounts.throttle import ADDRESS_TRIES, PAIR_TRIES

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]
FAULT = Fault(
    id="R25",
    title="bruteforce-atomic",
    promise="never more passwords are judged than the limit allows, the owner can sign in from elsewhere, and neither"
    " answer nor time tells whether a name exists",
    defect="the counter is read, judged and written in three steps",
)
SOCKETS = 64
SAMPLES = 300  # of known and unknown names, at full count, with the hasher of production: 0.3 s each
WRONG = "guess"


def guess(port: int, username: str, *, password: str = WRONG, forwarded: str = "") -> tuple[int, bytes]:
    """Status and body of one sign-in."""
    headers = {"Content-Type": "application/json", "Host": "127.0.0.1"}
    headers |= {"X-Forwarded-For": forwarded} if forwarded else {}
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", "/api/v1/auth/tokens", json.dumps({"username": username, "password": password}), headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


def judged(tries: list[Callable[[], tuple[int, bytes]]]) -> tuple[int, int]:
    """How many of the parallel tries came as far as the password, and how many found the service too busy."""
    with ThreadPoolExecutor(SOCKETS) as pool:
        statuses = [one.result()[0] for one in [pool.submit(task) for task in tries]]
    assert set(statuses) <= {401, 429, 503}, set(statuses)
    return statuses.count(401), statuses.count(503)


def enumerated(make_user: Callable[..., User], *, samples: int, chance: Random) -> Telling:
    """How well the time of a refusal tells a name that exists; each try has an address of its own."""
    known = make_user()  # with the hasher of the moment
    addresses = (f"198.18.{number // 250}.{number % 250}" for number in range(2 * samples))

    def refused(name: str) -> None:
        body = {"username": name, "password": WRONG}
        answer = Client(REMOTE_ADDR=next(addresses)).post("/api/v1/auth/tokens", body, content_type="application/json")
        assert answer.status_code == 401

    return timed(
        lambda: refused(known.username), lambda: refused(f"user-{secrets.token_hex(5)}"), samples=samples, chance=chance
    )


def probe(run: FaultRun, database: Servers, user: User, make_user: Callable[..., User]) -> None:
    """`rounds` tries in two attacks: one account from one address that claims many; many accounts from one."""
    half, chance = run.rounds // 2, run.random
    defect = "counted-late" if run.defective else ""
    believed = {**database.environment(), "TODO_TRUSTED_PROXIES": "127.0.0.1/32"}
    with ExitStack() as stack:
        direct = stack.enter_context(serving(database.environment(), port=free_port(), defect=defect))
        behind = stack.enter_context(serving(believed, port=free_port(), defect=defect))
        spoofed = [f"198.51.100.{chance.randrange(256)}" for _ in range(half)]
        one, busy = judged([partial(guess, direct, user.username, forwarded=ip) for ip in spoofed])
        address = f"203.0.113.{secrets.randbelow(250)}"
        names = [f"{secrets.token_hex(6)}-{number}" for number in range(half)]
        many, more = judged([partial(guess, behind, name, forwarded=address) for name in names])
        owner, _ = guess(behind, user.username, password=f"passphrase-{user.username}", forwarded="192.0.2.200")
        alike = len({guess(behind, name, forwarded="192.0.2.201")[1] for name in (user.username, "nobody-here")})
    failures = max(0, one - PAIR_TRIES) + max(0, many - ADDRESS_TRIES) + (owner != 201) + (alike != 1)
    assert one + busy >= PAIR_TRIES
    assert many + more >= min(ADDRESS_TRIES, half)
    note = f"{one} of {half} judged for one account, {many} of {half} for one address, over {SOCKETS} sockets"
    note += f", {busy + more} told 503"
    if not run.defective:
        with override_settings(PASSWORD_HASHERS=PASSWORD_HASHERS):
            told = enumerated(make_user, samples=SAMPLES if run.full else 3, chance=chance)
        failures, note = failures + told.broken, f"{note}; {told}"
    run.verdict(n=2 * half, failures=failures, note=note)


def test_promise_holds(fault_run: FaultRun, database: Servers, user: User, make_user: Callable[..., User]) -> None:
    probe(fault_run, database, user, make_user)


def test_defect_turns_it_red(
    fault_run: FaultRun, database: Servers, user: User, make_user: Callable[..., User]
) -> None:
    probe(fault_run, database, user, make_user)


def test_a_name_that_costs_no_hashing_is_told_by_time(
    fault_run: FaultRun, make_user: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin of the time: without the hash for unknown names a few samples suffice."""
    monkeypatch.setattr(services, "make_password", lambda _password: "")
    with override_settings(PASSWORD_HASHERS=PASSWORD_HASHERS):
        told = enumerated(make_user, samples=5, chance=fault_run.random)

    assert told.area == 1


def test_an_unknown_name_costs_as_much_hashing_as_a_known_one(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted, not timed: time on a shared machine is noise."""
    real, calls = MD5PasswordHasher.encode, list[str]()

    def counted(hasher: MD5PasswordHasher, password: str, salt: str) -> str:
        calls.append(salt)
        return real(hasher, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    costs = []
    for name in (user.username, "nobody-at-all"):
        before = len(calls)
        with pytest.raises(CredentialsWrong):
            credentials_check(username=name, password="guess", address=f"192.0.2.{secrets.randbelow(100)}")
        costs.append(len(calls) - before)

    assert costs == [1, 1]
