"""Users that an identity provider vouches for: made on first sight, role by group, dead tokens refused."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction

from todo_app.accounts.access import TokenInvalid, admit
from todo_app.accounts.models import ExternalIdentity, Role, User
from todo_app.accounts.oidc import Claims, claims_of
from todo_app.accounts.selectors import user_by_identity

_UNFIT = re.compile(r"[^\w.@+-]+", re.ASCII)


@dataclass(frozen=True)
class JwtAccess:
    """What a JWT allows; it takes the place of an ApiToken."""

    scopes: tuple[str, ...]


def jwt_user(*, text: str, now: datetime) -> tuple[User, JwtAccess]:
    """The user a JWT speaks for. One query for a known one. Raises TokenInvalid, AccountBanned, IssuerUnavailable."""
    claims = claims_of(text=text)
    return user_of(claims=claims, now=now), JwtAccess(scopes=claims.scopes)


def user_of(*, claims: Claims, now: datetime) -> User:
    """The user these claims are about, made on first sight, in the role of the groups. Raises as `jwt_user`."""
    user = user_by_identity(issuer=claims.issuer, subject=claims.subject) or _first_sight(claims, now=now)
    admit(user)  # before the time, so that a banned user is told why
    # the issuer counts whole seconds: a token of the very second in which access ended is refused, too
    if user.access_from and claims.issued < user.access_from:
        raise TokenInvalid
    if settings.OIDC_ADMIN_GROUP and user.role != _role(claims):
        user = _role_follow(user, claims)
    return user


def _role(claims: Claims) -> Role:
    admin = settings.OIDC_ADMIN_GROUP and settings.OIDC_ADMIN_GROUP in claims.groups
    return Role.ADMIN if admin else Role.USER


def _first_sight(claims: Claims, *, now: datetime) -> User:
    try:
        with transaction.atomic():
            user = User(username=_username(claims), role=_role(claims), created_on=now, updated_on=now)
            user.set_unusable_password()
            user.save()
            ExternalIdentity(user=user, issuer=claims.issuer, subject=claims.subject, created_on=now).save()
    except IntegrityError:
        pass  # another request saw the same token first
    found = user_by_identity(issuer=claims.issuer, subject=claims.subject)
    if found is None:
        raise TokenInvalid  # the name belongs to somebody else, who is not handed over
    return found


def _username(claims: Claims) -> str:
    """The provider's name made unique by issuer and subject, so that it never meets a local account's."""
    mark = hashlib.sha256(f"{claims.issuer}\n{claims.subject}".encode()).hexdigest()[:12]
    return f"{_UNFIT.sub('', claims.name)[:100] or 'oidc'}-{mark}"


def _role_follow(user: User, claims: Claims) -> User:
    """Take the group's role. Tokens issued earlier than this one are refused from now on, this one is not."""
    with transaction.atomic():
        locked = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        if locked.access_from and claims.issued < locked.access_from:
            raise TokenInvalid
        locked.role, locked.access_from = _role(claims), claims.issued
        locked.save()
    user.role, user.access_from, user.session_epoch = locked.role, locked.access_from, locked.session_epoch
    return user
