"""Known devices: a browser that has signed in to an account carries a signed cookie naming that account.

Its tries are counted by themselves (OWASP: device cookies), so others' failures do not touch them. The cookie is no
credential: it buys a counter of its own, never a sign-in.
"""

import hashlib
import secrets
import unicodedata
from collections.abc import Mapping

from django.conf import settings
from django.core import signing
from django.http import HttpResponse

MAX_AGE = 365 * 24 * 3600  # seconds
_SALT = "slipway.known-device"


def account_key(account: str) -> str:
    """One key for all spellings of a name that sign in to one account."""
    plain = unicodedata.normalize("NFKC", account).casefold()
    return hashlib.sha256(plain.encode(errors="replace")).hexdigest()[:32]


def device_of(cookies: Mapping[str, str], *, account: str) -> str | None:
    """The device's number if the cookie is ours, of this account and not too old; otherwise None."""
    key = account_key(account)
    try:
        told = signing.loads(cookies.get(_name(key), ""), salt=_SALT, max_age=MAX_AGE)
    except signing.BadSignature:
        return None
    device: str | None = told["device"] if told["account"] == key else None
    return device


def device_remember(response: HttpResponse, *, account: str) -> None:
    """Give the browser its cookie; each success gives a new number."""
    key = account_key(account)
    value = signing.dumps({"account": key, "device": secrets.token_hex(16)}, salt=_SALT)
    secure = settings.SESSION_COOKIE_SECURE
    response.set_cookie(
        _name(key), value, max_age=MAX_AGE, path="/sign-in", httponly=True, samesite="Lax", secure=secure
    )


def _name(key: str) -> str:
    return f"device-{key[:16]}"
