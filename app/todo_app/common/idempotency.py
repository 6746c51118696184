"""Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07): one effect and one answer per key.

A key is claimed by an attempt with a lease. The answer is stored in the transaction that has the effect, so that a
crash leaves both or neither; an attempt whose lease was taken over can store nothing and so has no effect.
An effect of many transactions (a bulk ban) stores a step in each of them; the next attempt leaves those out.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from todo_app.common.expired import delete_in_batches
from todo_app.common.models import IdempotencyKey, IdempotencyStep

LIFETIME = timedelta(hours=24)
LEASE = timedelta(seconds=20)  # longer than a request may take; a crashed one can be repeated after it
ANSWER_MAX = 1024 * 1024  # bytes


class KeyReused(Exception):
    """The key stands for another request."""


class KeyInFlight(Exception):
    """The first request with this key has not ended yet."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a client got."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """The right to have the effect of a key once; `render` makes the answer of an outcome."""

    key: uuid.UUID
    number: uuid.UUID
    render: Callable[[object], Answer]


_ATTEMPT: ContextVar[Attempt | None] = ContextVar("idempotency_attempt", default=None)


def key_claim(*, user_id: uuid.UUID, route: str, key: str, request: bytes, now: datetime) -> IdempotencyKey:
    """The row of a key: with a status it is answered already, without one the caller has the lease.

    Raises KeyReused, KeyInFlight.
    """
    digest, fingerprint = _digest(route.encode() + b"\0" + key.encode()), _digest(request)
    mine = IdempotencyKey(
        user_id=user_id,
        digest=digest,
        fingerprint=fingerprint,
        leased_until=now + LEASE,
        expires_on=now + LIFETIME,
        created_on=now,
    )
    same = IdempotencyKey.objects.filter(user_id=user_id, digest=digest)
    IdempotencyKey.objects.bulk_create([mine], ignore_conflicts=True)
    found = same.first()
    if found is not None and found.expires_on <= now:
        same.filter(expires_on__lte=now).delete()
        IdempotencyKey.objects.bulk_create([mine], ignore_conflicts=True)
        found = same.first()
    if found is None:  # it expired and went in between
        raise KeyInFlight
    if bytes(found.fingerprint) != fingerprint:
        raise KeyReused
    if found.attempt == mine.attempt or found.status is not None:
        return found
    # the lease is over: of those who want to take it, the one that still finds the old attempt does
    late = IdempotencyKey.objects.filter(pk=found.pk, attempt=found.attempt, status=None, leased_until__lte=now)
    if not late.update(attempt=mine.attempt, leased_until=mine.leased_until):
        raise KeyInFlight
    found.attempt = mine.attempt
    return found


@contextmanager
def attempt_active(*, row: IdempotencyKey, render: Callable[[object], Answer]) -> Iterator[Attempt]:
    """While this lasts, `outcome_keep` and the steps write to the key."""
    attempt = Attempt(key=row.pk, number=row.attempt, render=render)
    token = _ATTEMPT.set(attempt)
    try:
        yield attempt
    finally:
        _ATTEMPT.reset(token)


def outcome_keep(outcome: object) -> None:
    """Store the answer of an outcome in the transaction that brought it about; nothing without a key.

    Raises KeyInFlight, which undoes the transaction, when another attempt has taken over.
    """
    if (attempt := _ATTEMPT.get()) is not None:
        answer_keep(attempt, attempt.render(outcome))


def answer_keep(attempt: Attempt, answer: Answer) -> None:
    """As `outcome_keep`. An answer over ANSWER_MAX is not kept: the request is repeated, its steps are not."""
    if len(answer.body) > ANSWER_MAX:
        return
    unanswered = IdempotencyKey.objects.filter(pk=attempt.key, attempt=attempt.number, status=None)
    if not unanswered.update(status=answer.status, headers=dict(answer.headers), body=answer.body):
        raise KeyInFlight


def attempt_release(attempt: Attempt, *, now: datetime) -> None:
    """Let the client try again at once; an answer that was kept stays."""
    IdempotencyKey.objects.filter(pk=attempt.key, attempt=attempt.number, status=None).update(leased_until=now)


def steps_kept() -> dict[uuid.UUID, str]:
    """What earlier attempts with this key did, by subject; nothing without a key."""
    attempt = _ATTEMPT.get()
    if attempt is None:
        return {}
    return dict(IdempotencyStep.objects.filter(key_id=attempt.key).values_list("subject_id", "outcome"))


def steps_keep(outcomes: Mapping[uuid.UUID, str]) -> None:
    """Store that these subjects are done, in the transaction that did them; nothing without a key.

    Raises KeyInFlight, which undoes the transaction, when another attempt did one of them meanwhile.
    """
    attempt = _ATTEMPT.get()
    if attempt is None:
        return
    rows = [IdempotencyStep(key_id=attempt.key, subject_id=key, outcome=outcome) for key, outcome in outcomes.items()]
    try:
        with transaction.atomic():
            IdempotencyStep.objects.bulk_create(rows)
    except IntegrityError:
        raise KeyInFlight from None


def keys_expire(*, now: datetime) -> int:
    """Delete keys past their end, with their steps."""
    keys = delete_in_batches(IdempotencyKey.objects.filter(expires_on__lte=now))
    return keys + delete_in_batches(IdempotencyStep.objects.filter(created_on__lte=now - LIFETIME))


def _digest(text: bytes) -> bytes:
    return hashlib.sha256(text).digest()
