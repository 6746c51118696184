"""R21: whatever the contract allows, forbids or never thought of, from every role: no 5xx, no break of the contract."""

import base64
import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import hypothesis
import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from django.utils import timezone
from hypothesis import HealthCheck, Phase
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.conftest import api
from tests.faults.harness import Fault, FaultRun
from todo_app.accounts.bans import users_ban
from todo_app.accounts.models import Role, User
from todo_app.accounts.services import token_create
from todo_app.api.management.commands.openapi import document
from todo_app.moderation.models import BannedWord

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]
FAULT = Fault(
    id="R21",
    title="schemathesis over the contract and hostile bytes, from nobody, a user, a banned user and an administrator",
    promise="no answer is 5xx, each has a status, a type and a body that the contract names",
    defect="a cursor that cannot be read is not caught",
)
ROLES = ("anon", "user", "banned", "admin")
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
SHOWN = 3
HOST = "http://testserver"
EXTREME: tuple[object, ...] = (
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "2026-01-01",
    2**63,
    -(2**31),
    True,
    [],
    None,
)
HOSTILE = (b"\x00", b"\xff\xfe", b"[" * 5000, b'{"title":"\\ud800"}', b'{"title":' + b"9" * 400 + b"}", b"{" * 9, b'""')


@pytest.fixture
def tokens(make_user: Callable[..., User]) -> dict[str, str]:
    """A token for each role that has one."""
    now = timezone.now()
    users = {name: make_user(role=Role.ADMIN if name == "admin" else Role.USER) for name in ROLES[1:]}
    found = {name: token_create(user=user, name="fuzz", now=now).text for name, user in users.items()}
    users_ban(user_ids=[users["banned"].pk], action="ban", reason="test", actor=users["admin"], now=now)
    return found


@contextmanager
def words_kept() -> Iterator[None]:
    """Words the administrator adds here would refuse the texts of other tests."""
    before = set(BannedWord.objects.values_list("pk", flat=True))
    try:
        yield
    finally:
        for word in BannedWord.objects.exclude(pk__in=before):
            word.delete()


def fuzz(fault_run: FaultRun, tokens: dict[str, str]) -> tuple[int, list[str]]:
    """Cases for each operation, role and mode, then bytes that no contract makes; how many, and what broke."""
    schema = schemathesis.openapi.from_dict(json.loads(document()))
    application = get_wsgi_application()
    tried, broken = 0, list[str]()
    for operation in operations(schema):
        for role in ROLES:
            probe = Probe(application, role=role, token=tokens.get(role))
            for mode in GenerationMode:
                try:
                    strategy = operation.as_strategy(generation_mode=mode)
                    _examples(probe, strategy, count=fault_run.rounds, seed=fault_run.seed)
                except hypothesis.errors.Unsatisfiable:
                    continue  # nothing about this operation can be wrong
            tried, broken = tried + probe.tried, broken + probe.broken
    more, worse = _bytes(fault_run, tokens, schema)
    return tried + more, broken + worse


def operations(schema: Any) -> list[Any]:  # noqa: ANN401 - schemathesis' schema
    """All of the contract; one that cannot be read is an error."""
    return [found.ok() for found in schema.get_all_operations()]


class Probe:
    """Sends cases as one role and judges the answers."""

    def __init__(self, application: Any, *, role: str, token: str | None) -> None:  # noqa: ANN401 - a WSGI callable
        self.tried, self.broken, self._role, self._application = 0, list[str](), role, application
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def __call__(self, case: Any) -> None:  # noqa: ANN401 - schemathesis' case
        """One case."""
        self.tried += 1
        try:
            case.call_and_validate(base_url=HOST, app=self._application, headers=self._headers, checks=CHECKS)
        except FailureGroup as group:
            told = "; ".join(" ".join(str(error).split()) for error in group.exceptions)
            self.broken.append(f"{self._role} {case.method} {case.path}: {told[:200]}")


def _examples(probe: Callable[[Any], None], strategy: Any, *, count: int, seed: int) -> None:  # noqa: ANN401 - a strategy
    def one(case: Any) -> None:  # noqa: ANN401 - hypothesis wants a plain function
        probe(case)

    quick = hypothesis.settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        verbosity=hypothesis.Verbosity.quiet,
    )
    hypothesis.seed(seed)(quick(hypothesis.given(case=strategy)(one)))()


def _bytes(fault_run: FaultRun, tokens: dict[str, str], schema: Any) -> tuple[int, list[str]]:  # noqa: ANN401 - schemathesis' schema
    """Bodies, types, query strings and headers that are not even wrong."""
    random, tried, broken = fault_run.random, 0, []
    for operation in operations(schema):
        path = operation.path.replace("{key}", str(uuid.UUID(int=random.getrandbits(128), version=4)))
        for role in ROLES:
            client = api(None)
            headers = {"Authorization": f"Bearer {tokens[role]}"} if role in tokens else {}
            for _ in range(fault_run.rounds):
                body = random.choice([*HOSTILE, random.randbytes(random.randrange(1, 200))])
                kind = random.choice(["application/json", "text/plain", "application/xml", "x", ""])
                odd = {**headers, "If-Match": _text(random), "Accept": random.choice(["*/*", "application/json"])}
                response = client.generic(
                    operation.method.upper(), f"{path}?{_cursor(random)}", body, content_type=kind, headers=odd
                )
                tried += 1
                known = operation.definition.raw["responses"]
                if response.status_code >= 500 or str(response.status_code) not in known:
                    broken.append(
                        f"{role} {operation.method} {path}: {response.status_code} for {body[:40]!r} {kind!r}"
                    )
    return tried, broken


def _cursor(random: Random) -> str:
    """Noise, or a cursor of the right form with an extreme value."""
    order, value = random.choice(["due", "newest", "title", "priority"]), random.choice(EXTREME)
    text = json.dumps([order, value, str(uuid.UUID(int=random.getrandbits(128)))]).encode()
    formed = f"order={order}&cursor={base64.urlsafe_b64encode(text).decode().rstrip('=')}"
    return random.choice([f"cursor={_text(random)}", formed])


def _text(random: Random) -> str:
    return "".join(chr(random.randrange(32, 256)) for _ in range(random.randrange(1, 12)))


def test_promise_holds(fault_run: FaultRun, tokens: dict[str, str]) -> None:
    with words_kept():
        tried, broken = fuzz(fault_run, tokens)
    fault_run.verdict(n=tried, failures=len(broken), note=" | ".join(dict.fromkeys(broken[:SHOWN])))


def test_defect_turns_it_red(fault_run: FaultRun, tokens: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("todo_app.common.paging._decoded", uuid.UUID)
    with words_kept():
        tried, broken = fuzz(fault_run, tokens)
    fault_run.verdict(n=tried, failures=len([each for each in broken if "500" in each]), note="")
