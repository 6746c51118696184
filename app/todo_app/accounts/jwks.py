"""The issuer's public keys, fetched when needed and never oftener than allowed.

A key that the issuer withdraws stops working after KEYS_LIVE; a new one works with the first token that names it,
for an unknown key id fetches again, at most once in REFETCH_GAP whatever tokens strangers send.
"""

import threading
import time
from functools import cache
from typing import Any

import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from django.conf import settings

from todo_app.accounts.issuer import Discovery, IssuerUnavailable, asked

ALGORITHMS = frozenset({"RS256", "ES256"})
KEYS_LIVE = 600.0  # seconds
STALE_LIVE = 3600.0  # seconds the last keys serve while the issuer does not answer
REFETCH_GAP = 30.0  # seconds
KEYS_MAX = 50
RSA_BITS_MIN = 2048
log = structlog.get_logger("oidc")


class KeySet:
    """Keys by id."""

    def __init__(self, *, issuer: str, url: str) -> None:
        self._discovery, self._url = Discovery(issuer), url
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched = self._tried = float("-inf")
        self._lock = threading.Lock()

    def key(self, *, kid: str) -> jwt.PyJWK | None:
        """The key of this id, None if the issuer has none. Raises IssuerUnavailable."""
        if kid in self._keys and time.monotonic() - self._fetched < KEYS_LIVE:
            return self._keys[kid]
        with self._lock:
            now = time.monotonic()
            known = kid in self._keys and now - self._fetched < KEYS_LIVE  # another thread may have fetched meanwhile
            if not known and now - self._tried >= REFETCH_GAP:
                self._tried = now
                self._fetch()
        if time.monotonic() - self._fetched > STALE_LIVE:
            raise IssuerUnavailable
        return self._keys.get(kid)

    def _fetch(self) -> None:
        try:
            self._keys = _usable(asked(self._url or self._discovery.address("jwks_uri")))
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("the issuer's keys cannot be fetched", error=type(error).__name__)
        else:
            self._fetched = time.monotonic()


def _usable(document: dict[str, Any]) -> dict[str, jwt.PyJWK]:
    keys: dict[str, jwt.PyJWK] = {}
    for entry in document["keys"][:KEYS_MAX]:
        try:
            key = jwt.PyJWK(entry)
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError):
            continue  # of a kind we do not know
        weak = isinstance(key.key, RSAPublicKey) and key.key.key_size < RSA_BITS_MIN
        if key.key_id and key.algorithm_name in ALGORITHMS and entry.get("use", "sig") == "sig" and not weak:
            keys[key.key_id] = key
    return keys


@cache
def _key_set(issuer: str, url: str) -> KeySet:
    return KeySet(issuer=issuer, url=url)


def key_set() -> KeySet:
    """The one of the configured issuer, shared by the threads of a process."""
    return _key_set(settings.OIDC_ISSUER, settings.OIDC_JWKS_URL)
