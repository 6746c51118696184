"""Reading users and tokens."""

import uuid
from datetime import datetime
from typing import Any

from django.db.models import Case, F, Q, QuerySet, When
from django.db.models.expressions import BaseExpression

from todo_app.accounts.models import ApiToken, User

# What upper layers want read in the request's one user query, such as the version of the word list.
USER_ANNOTATIONS: dict[str, BaseExpression] = {}


def user_by_key(*, key: uuid.UUID | str) -> User | None:
    """The user of a session."""
    user: User | None = User.objects.annotate(**USER_ANNOTATIONS).filter(pk=key).first()
    return user


def user_by_identity(*, issuer: str, subject: str) -> User | None:
    """The user an identity provider's subject is, in one query."""
    found = User.objects.annotate(**USER_ANNOTATIONS).filter(identities__issuer=issuer, identities__subject=subject)
    user: User | None = found.first()
    return user


def user_row(*, key: uuid.UUID) -> dict[str, Any] | None:
    """A user as those who may ban see it."""
    columns = ("id", "username", "role", "is_banned", "ban_reason", "banned_on", "banned_by_id", "violation_count")
    row: dict[str, Any] | None = User.objects.filter(pk=key).values(*columns, "created_on", "updated_on").first()
    return row


def token_by_digest(*, digest: bytes, now: datetime) -> ApiToken | None:
    """A usable token with its user, in one query."""
    annotations = {f"user_{name}": expression for name, expression in USER_ANNOTATIONS.items()}
    token = (
        ApiToken.objects.select_related("user")
        .annotate(**annotations)
        .filter(digest=digest, expires_on__gt=now, revoked_on__isnull=True)
        .first()
    )
    if token is not None:
        for name in USER_ANNOTATIONS:
            setattr(token.user, name, getattr(token, f"user_{name}"))
    return token


def tokens_of(*, user: User, now: datetime) -> QuerySet[ApiToken, Any]:
    """A user's usable and past tokens, newest first."""
    columns = ("id", "name", "created_on", "expires_on", "last_used_on", "revoked_on", "scopes")
    ended = Q(revoked_on__isnull=False) | Q(expires_on__lte=now) | ~Q(epoch=F("user__session_epoch"))
    rows: QuerySet[ApiToken, Any] = (
        ApiToken.objects.filter(user=user)
        .order_by("-pk")
        .values(*columns, usable=Case(When(ended, then=False), default=True))
    )
    return rows
