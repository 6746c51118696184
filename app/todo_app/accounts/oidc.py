"""Tokens of an identity provider: signature, issuer, audience and times of a JWT (RFC 7519, RFC 9068)."""

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jwt
from django.conf import settings

from todo_app.accounts.access import TokenInvalid
from todo_app.accounts.issuer import client_id
from todo_app.accounts.jwks import ALGORITHMS, key_set
from todo_app.accounts.scopes import Scope

LEEWAY = 30  # seconds our clock may differ from the issuer's
TEXT_MAX = 8000  # characters; gunicorn refuses longer headers
SUBJECT_MAX = 255  # characters, OpenID Connect Core §2


@dataclass(frozen=True, kw_only=True)
class Claims:
    """What a valid token says. `groups` and `scopes` are taken as far as they are lists or words."""

    issuer: str
    subject: str
    issued: datetime
    name: str
    scopes: tuple[str, ...]
    groups: frozenset[str]


def is_jwt(text: str) -> bool:
    """Worth trying as a JWT: an issuer is configured and the text has the shape."""
    return bool(settings.OIDC_ISSUER) and text.count(".") == 2 and len(text) <= TEXT_MAX


def claims_of(*, text: str, nonce: str | None = None) -> Claims:
    """The claims of a token that the issuer signed for us and that is valid now.

    With a `nonce` it is the ID token of one sign-in: for what we are to the issuer as a client, and for that nonce.

    The key decides the algorithm, never the token alone, so neither `none` nor HMAC with a public key passes.
    `nbf` is judged when it is there: several providers leave it out.
    Raises TokenInvalid, IssuerUnavailable.
    """
    try:
        header = jwt.get_unverified_header(text)
        kid, algorithm = header.get("kid"), header.get("alg")
        if algorithm not in ALGORITHMS or not isinstance(kid, str) or not 0 < len(kid) <= 200:
            raise TokenInvalid
        key = key_set().key(kid=kid)
        if key is None or key.algorithm_name != algorithm:
            raise TokenInvalid
        told: dict[str, Any] = jwt.decode(
            text,
            key=key.key,
            algorithms=[algorithm],
            audience=client_id() if nonce is not None else settings.OIDC_AUDIENCE or client_id(),
            issuer=settings.OIDC_ISSUER,
            leeway=LEEWAY,
            options={"require": ["exp", "iat", "aud", "iss", "sub"]},
        )
        if nonce is not None and not _of_this_sign_in(told, nonce):
            raise TokenInvalid
        return _claims(told)
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError):
        raise TokenInvalid from None


def _of_this_sign_in(told: dict[str, Any], nonce: str) -> bool:
    """OpenID Connect Core §3.1.3.7: the nonce we sent, and no other client meant besides us."""
    given = told.get("nonce")
    same = isinstance(given, str) and hmac.compare_digest(given.encode(), nonce.encode())
    return same and told.get("azp", client_id()) == client_id()


def _claims(told: dict[str, Any]) -> Claims:
    subject = told["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT_MAX or "\x00" in subject:
        raise TokenInvalid
    name = told.get("preferred_username")
    scope = told.get("scope", told.get("scp", ""))
    words = scope.split() if isinstance(scope, str) else scope
    listed = told.get(settings.OIDC_GROUPS_CLAIM)
    groups = listed if isinstance(listed, list) else []
    return Claims(
        issuer=told["iss"],
        subject=subject,
        issued=datetime.fromtimestamp(told["iat"], tz=UTC),
        name=name if isinstance(name, str) else "",
        scopes=tuple(scope for scope in Scope.values if isinstance(words, list) and scope in words),
        groups=frozenset(group for group in groups if isinstance(group, str))
        if isinstance(groups, list)
        else frozenset(),
    )
