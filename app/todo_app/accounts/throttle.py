"""Sign-in attempts, counted before they are judged.

A known device (see `device`) has tries of its own: nobody else's failures keep it out, wherever they come from.
Everybody else shares the tries of a pair of address and account. No counter belongs to an account alone, so failures
at one address lock nobody out at another. What remains: whoever brings no such cookie (a new browser, the API's
token request) shares the tries with all others at its address, so behind an untrusted proxy, where all addresses
are one, somebody else can use them up for WINDOW seconds at a time.
Tokens that were issued before are never affected.

An address as such has a limit only where trusted proxies are configured; otherwise one address may be everybody.
"""

import hashlib

import redis
from django.conf import settings

from todo_app.accounts.device import account_key
from todo_app.common.redis_client import client

WINDOW = 300  # seconds
PAIR_TRIES = 10  # also of a known device
ADDRESS_TRIES = 100


class SignInThrottled(Exception):
    """Too many tries; `retry_after` is in seconds."""

    def __init__(self, *, retry_after: int) -> None:
        super().__init__("too many sign-in attempts")
        self.retry_after = retry_after


class ThrottleUnavailable(Exception):
    """The counters cannot be reached; sign-in fails closed."""


def attempt_reserve(*, address: str, account: str, device: str | None = None) -> None:
    """Count one try. INCR is atomic, so parallel tries cannot pass the limit.

    Raises SignInThrottled, ThrottleUnavailable.
    """
    limits = _limits(address, account, device)
    try:
        pipe = client().pipeline(transaction=True)
        for key in limits:
            pipe.incr(key)
            pipe.expire(key, WINDOW, nx=True)
            pipe.ttl(key)
        answers = pipe.execute()
    except redis.RedisError:
        raise ThrottleUnavailable from None
    for limit, tries, left in zip(limits.values(), answers[::3], answers[2::3], strict=True):
        if tries > limit:
            raise SignInThrottled(retry_after=max(int(left), 1))


def attempt_succeeded(*, address: str, account: str, device: str | None = None) -> None:
    """Only failures count in the end: the account's own counter starts afresh, the address gets its try back."""
    own, *shared = _limits(address, account, device)
    try:
        pipe = client().pipeline(transaction=True)
        pipe.delete(own)
        for key in shared:
            pipe.decr(key)
            pipe.expire(key, WINDOW, nx=True)
        pipe.execute()
    except redis.RedisError:
        return  # the counters expire by themselves


def _limits(address: str, account: str, device: str | None) -> dict[str, int]:
    """Counters and how far each may go; the account's own one first."""
    # hashed: neither names nor addresses of people belong into Redis
    name = account_key(account)
    if device is not None:
        return {f"sign-in:device:{_digest(f'{device}|{name}')}": PAIR_TRIES}
    limits = {f"sign-in:pair:{_digest(f'{address}|{name}')}": PAIR_TRIES}
    if settings.TRUSTED_PROXIES:
        limits[f"sign-in:address:{_digest(address)}"] = ADDRESS_TRIES
    return limits


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:32]
