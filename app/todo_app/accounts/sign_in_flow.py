"""Signing in at an identity provider: authorization code flow with PKCE, state and nonce (OpenID Connect Core §3.1).

What is remembered between leaving and coming back is in a signed cookie of the browser, so that strangers who begin
sign-ins write nothing here, and a code brought by another browser (login CSRF) finds no flow to belong to.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Self
from urllib.parse import urlencode

from django.conf import settings
from django.core import signing

from todo_app.accounts.access import AccountBanned, TokenInvalid
from todo_app.accounts.home_middleware import found_on
from todo_app.accounts.identities import user_of
from todo_app.accounts.issuer import IssuerRefused, IssuerUnavailable, client_id, discovery, token_exchanged
from todo_app.accounts.models import ExternalIdentity, User
from todo_app.accounts.oidc import TEXT_MAX, Claims, claims_of
from todo_app.accounts.throttle import SignInThrottled, attempt_reserve, attempt_succeeded
from todo_app.common.metrics import SIGN_INS
from todo_app.shards.homes import home_enter

LIFETIME = 600  # seconds a person may take at the provider
CODE_MAX = 2000  # characters
SALT = "todo_app.accounts.sign_in_flow"


class FlowInvalid(Exception):
    """What came back belongs to no sign-in of this browser, or to one that is too old."""


@dataclass(frozen=True, kw_only=True)
class Flow:
    """One sign-in of one browser."""

    state: str
    nonce: str
    verifier: str
    target: str

    @classmethod
    def new(cls, *, target: str) -> Self:
        """Three values of 256 random bits each."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        return cls(state=state, nonce=nonce, verifier=verifier, target=target)

    @classmethod
    def kept(cls, text: str) -> Self:
        """From the cookie. Raises FlowInvalid."""
        try:
            return cls(**signing.loads(text, salt=SALT, max_age=LIFETIME))
        except (signing.BadSignature, TypeError):
            raise FlowInvalid from None

    def keep(self) -> str:
        """For the cookie."""
        return signing.dumps(asdict(self), salt=SALT)

    def address(self, *, redirect: str) -> str:
        """Where the browser goes. Raises IssuerUnavailable."""
        try:
            page = settings.OIDC_AUTHORIZE_URL or discovery().address("authorization_endpoint")
        except (OSError, ValueError, KeyError, TypeError):
            raise IssuerUnavailable from None
        digest = hashlib.sha256(self.verifier.encode("ascii")).digest()
        query = {
            "response_type": "code",
            "client_id": client_id(),
            "redirect_uri": redirect,
            "scope": settings.OIDC_SCOPES,
            "state": self.state,
            "nonce": self.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii"),
            "code_challenge_method": "S256",
        }
        return f"{page}{'&' if '?' in page else '?'}{urlencode(query)}"


def flow_finish(*, flow: Flow, given: Mapping[str, str], redirect: str, address: str, now: datetime) -> User:
    """The user who comes back with a code.

    Raises FlowInvalid, IssuerRefused, IssuerUnavailable, TokenInvalid, AccountBanned, SignInThrottled,
    ThrottleUnavailable.
    """
    state, code = given.get("state", ""), given.get("code", "")
    if not hmac.compare_digest(state.encode(errors="replace"), flow.state.encode()):
        raise FlowInvalid
    if given.get("iss", settings.OIDC_ISSUER) != settings.OIDC_ISSUER:
        raise FlowInvalid  # a code of another issuer is not shown to ours (RFC 9207)
    try:
        # each try asks the provider, so a flow may be tried a few times only, and an address has its limit
        attempt_reserve(address=address, account=f"oidc:{flow.state}")
    except SignInThrottled:
        SIGN_INS.labels("throttled").inc()
        raise
    try:
        claims = _exchanged(flow, "" if given.get("error") else code, redirect=redirect)
        _home(claims)
        user = user_of(claims=claims, now=now)
    except (IssuerRefused, TokenInvalid):
        SIGN_INS.labels("wrong").inc()
        raise
    except AccountBanned:
        SIGN_INS.labels("banned").inc()
        raise
    attempt_succeeded(address=address, account=f"oidc:{flow.state}")
    SIGN_INS.labels("ok").inc()
    return user


def _exchanged(flow: Flow, code: str, *, redirect: str) -> Claims:
    if not 0 < len(code) <= CODE_MAX:
        raise IssuerRefused
    text = token_exchanged(code=code, verifier=flow.verifier, redirect=redirect)
    if len(text) > TEXT_MAX:
        raise TokenInvalid
    return claims_of(text=text, nonce=flow.nonce)


def _home(claims: Claims) -> None:
    """The rest of the request runs where the user's rows are, if anybody knows the user."""
    if settings.SHARDS:
        rows = ExternalIdentity.objects.filter(issuer=claims.issuer, subject=claims.subject)
        if (user_id := found_on(rows.values_list("user_id", flat=True))) is not None:
            home_enter(user_id)
