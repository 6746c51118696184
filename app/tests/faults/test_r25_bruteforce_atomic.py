"""R25: parallel guesses over 64 sockets, spoofed addresses, many accounts: the limit is exact, the owner gets in."""

import json
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from http.client import HTTPConnection

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher

from tests.faults.harness import Fault, FaultRun
from tests.faults.web_process import serving
from tests.servers import Servers, free_port
from todo_app.accounts.models import User
from todo_app.accounts.services import CredentialsWrong, credentials_check
from todo_app.accounts.throttle import ADDRESS_TRIES, PAIR_TRIES

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]
FAULT = Fault(
    id="R25",
    title="bruteforce-atomic",
    promise="never more passwords are judged than the limit allows, and the owner can sign in from elsewhere",
    defect="the counter is read, judged and written in three steps",
)
SOCKETS = 64
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


def judged(tries: list[Callable[[], tuple[int, bytes]]]) -> int:
    """How many of the parallel tries came as far as the password."""
    with ThreadPoolExecutor(SOCKETS) as pool:
        statuses = [one.result()[0] for one in [pool.submit(task) for task in tries]]
    assert set(statuses) <= {401, 429}, set(statuses)
    return statuses.count(401)


def probe(run: FaultRun, database: Servers, user: User) -> None:
    """`rounds` tries in two attacks: one account from one address that claims many; many accounts from one."""
    half, chance = run.rounds // 2, run.random
    defect = "counted-late" if run.defective else ""
    believed = {**database.environment(), "TODO_TRUSTED_PROXIES": "127.0.0.1/32"}
    with ExitStack() as stack:
        direct = stack.enter_context(serving(database.environment(), port=free_port(), defect=defect))
        behind = stack.enter_context(serving(believed, port=free_port(), defect=defect))
        spoofed = [f"198.51.100.{chance.randrange(256)}" for _ in range(half)]
        one = judged([partial(guess, direct, user.username, forwarded=ip) for ip in spoofed])
        address = f"203.0.113.{secrets.randbelow(250)}"
        names = [f"{secrets.token_hex(6)}-{number}" for number in range(half)]
        many = judged([partial(guess, behind, name, forwarded=address) for name in names])
        owner, _ = guess(behind, user.username, password=f"passphrase-{user.username}", forwarded="192.0.2.200")
        alike = len({guess(behind, name, forwarded="192.0.2.201")[1] for name in (user.username, "nobody-here")})
    failures = max(0, one - PAIR_TRIES) + max(0, many - ADDRESS_TRIES) + (owner != 201) + (alike != 1)
    assert one >= PAIR_TRIES
    assert many >= min(ADDRESS_TRIES, half)
    note = f"{one} of {half} judged for one account, {many} of {half} for one address, over {SOCKETS} sockets"
    run.verdict(n=2 * half, failures=failures, note=note)


def test_promise_holds(fault_run: FaultRun, database: Servers, user: User) -> None:
    probe(fault_run, database, user)


def test_defect_turns_it_red(fault_run: FaultRun, database: Servers, user: User) -> None:
    probe(fault_run, database, user)


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
