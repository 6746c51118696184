"""Signing in, tokens."""

import hashlib
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.hashers import check_password, make_password

from todo_app.accounts.access import TokenInvalid, admit
from todo_app.accounts.models import ApiToken, User
from todo_app.accounts.scopes import scopes_of
from todo_app.accounts.selectors import token_by_digest
from todo_app.accounts.throttle import SignInThrottled, attempt_reserve, attempt_succeeded
from todo_app.common.metrics import SIGN_INS
from todo_app.shards.homes import home_enter

TOKEN_PREFIX = "slw_"  # noqa: S105 - lets scanners recognise a leaked token; it is no secret
TOKEN_LIFETIME = timedelta(days=30)
TOKEN_LIFETIME_MAX = timedelta(days=365)
LAST_USED_STEP = timedelta(minutes=1)  # a token used all the time costs one write a minute, not one a request


class CredentialsWrong(Exception):
    """Unknown name or wrong password; which of them is not told."""


class ScopeRefused(Exception):
    """A token was asked for with a scope that its owner may not use: `scopes`."""

    def __init__(self, *, scopes: Sequence[str]) -> None:
        super().__init__(", ".join(scopes))
        self.scopes = list(scopes)


@dataclass(frozen=True)
class IssuedToken:
    """A new token with its text, which nobody can read again."""

    row: ApiToken
    text: str


def credentials_check(*, username: str, password: str, address: str, device: str | None = None) -> User:
    """The user who knows the password.

    Raises CredentialsWrong, SignInThrottled, ThrottleUnavailable, AccountBanned.
    """
    try:
        attempt_reserve(address=address, account=username, device=device)
    except SignInThrottled:
        SIGN_INS.labels("throttled").inc()
        raise
    user = User.objects.filter(username=User.normalize_username(username)).first()
    if user is not None and home_enter(user.pk):
        user = User.objects.get(pk=user.pk)  # on the directory only its name is left
    if user is None:
        make_password(password)  # as slow as a real check, so that time does not tell which names exist
    if user is None or not check_password(password, user.password):
        SIGN_INS.labels("wrong").inc()
        raise CredentialsWrong
    attempt_succeeded(address=address, account=username, device=device)
    SIGN_INS.labels("banned" if user.is_banned else "ok").inc()
    return admit(user)


def token_create(
    *,
    user: User,
    name: str,
    scopes: Sequence[str] | None = None,
    lifetime: timedelta = TOKEN_LIFETIME,
    now: datetime,
) -> IssuedToken:
    """Issue a token of 256 random bits; without `scopes` it has all that the user can use.

    Raises ScopeRefused.
    """
    allowed = scopes_of(may=user.has_perm)
    wanted = list(dict.fromkeys(allowed if scopes is None else scopes))
    if beyond := [scope for scope in wanted if scope not in allowed]:
        raise ScopeRefused(scopes=beyond)
    text = TOKEN_PREFIX + secrets.token_urlsafe(32)
    row = ApiToken(
        user=user,
        name=name,
        digest=_digest(text),
        scopes=wanted,
        epoch=user.session_epoch,
        created_on=now,
        expires_on=now + min(lifetime, TOKEN_LIFETIME_MAX),
    )
    row.save(force_insert=True)
    return IssuedToken(row=row, text=text)


def token_user(*, text: str, now: datetime) -> tuple[User, ApiToken]:
    """The user who sent this token. Raises TokenInvalid, AccountBanned."""
    token = token_by_digest(digest=_digest(text), now=now)
    if token is None:
        raise TokenInvalid
    user = admit(token.user)  # before the epoch, so that a banned user is told why
    if token.epoch != user.session_epoch:
        raise TokenInvalid
    if token.last_used_on is None or now - token.last_used_on > LAST_USED_STEP:
        ApiToken.objects.filter(pk=token.pk).update(last_used_on=now)
    return user, token


def token_revoke(*, user: User, key: uuid.UUID, now: datetime) -> bool:
    """Revoke one of the user's own tokens; False when there is none of that key."""
    return ApiToken.objects.filter(pk=key, user=user, revoked_on__isnull=True).update(revoked_on=now) == 1


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
