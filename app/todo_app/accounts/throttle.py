"""Sign-in attempts, counted before they are judged.

A pair of address and account has few tries, an address many. No counter belongs to an account alone, so nobody
can lock an owner out from elsewhere; the owner's own address starts afresh with each success.
"""

import hashlib

import redis

from todo_app.common.redis_client import client

WINDOW = 300  # seconds
PAIR_TRIES = 10
ADDRESS_TRIES = 100


class SignInThrottled(Exception):
    """Too many tries; `retry_after` is in seconds."""

    def __init__(self, *, retry_after: int) -> None:
        super().__init__("too many sign-in attempts")
        self.retry_after = retry_after


class ThrottleUnavailable(Exception):
    """The counters cannot be reached; sign-in fails closed."""


def attempt_reserve(*, address: str, account: str) -> None:
    """Count one try. INCR is atomic, so parallel tries cannot pass the limit.

    Raises SignInThrottled, ThrottleUnavailable.
    """
    try:
        pipe = client().pipeline(transaction=True)
        for key in _keys(address, account):
            pipe.incr(key)
            pipe.expire(key, WINDOW, nx=True)
            pipe.ttl(key)
        pair, _, pair_ttl, everyone, _, address_ttl = pipe.execute()
    except redis.RedisError:
        raise ThrottleUnavailable from None
    if pair > PAIR_TRIES:
        raise SignInThrottled(retry_after=max(int(pair_ttl), 1))
    if everyone > ADDRESS_TRIES:
        raise SignInThrottled(retry_after=max(int(address_ttl), 1))


def attempt_succeeded(*, address: str, account: str) -> None:
    """Only failures count in the end."""
    pair, everyone = _keys(address, account)
    try:
        pipe = client().pipeline(transaction=True)
        pipe.delete(pair)
        pipe.decr(everyone)
        pipe.execute()
    except redis.RedisError:
        return  # the counters expire by themselves


def _keys(address: str, account: str) -> tuple[str, str]:
    # hashed: neither names nor addresses of people belong into Redis
    pair = hashlib.sha256(f"{address}\0{account.casefold()}".encode()).hexdigest()[:32]
    everyone = hashlib.sha256(address.encode()).hexdigest()[:32]
    return f"sign-in:pair:{pair}", f"sign-in:address:{everyone}"
