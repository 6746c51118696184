"""Reading users and tokens."""

import uuid
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.contrib.auth.models import Group
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, F, Model, OuterRef, Q, QuerySet, Value, When
from django.db.models.expressions import BaseExpression
from django.db.models.functions import Concat

from todo_app.accounts.models import ApiToken, User
from todo_app.common.compiled import Compiled

# What upper layers want read in the request's one user query, such as the version of the word list.
USER_ANNOTATIONS: dict[str, BaseExpression] = {}
_NAME = Concat("permission__content_type__app_label", Value("."), "permission__codename")  # as has_perm takes it
_UNUSED = frozenset({"digest", "password", "banned_on", "banned_by", "updated_on"})


def user_by_key(*, key: uuid.UUID | str) -> User | None:
    """The user of a session with the permissions given to it, in one query: pages show what it may."""
    found = User.objects.annotate(**USER_ANNOTATIONS, own_permissions=_own(), group_permissions=_of_groups())
    user: User | None = found.filter(pk=key).first()
    return user


def _own() -> ArraySubquery:
    rows = User.user_permissions.through.objects.filter(user=OuterRef("pk"))
    return ArraySubquery(rows.values(name=_NAME))


def _of_groups() -> ArraySubquery:
    rows = Group.permissions.through.objects.filter(group__user=OuterRef("pk"))
    return ArraySubquery(rows.values(name=_NAME))


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
    """A usable token with its user, in one query; what is not of use to a request is read when asked for."""
    found = _usable_token().rows(digest=digest, now=now)
    if not found:
        return None
    row, width, (token_names, user_names) = found[0], len(_columns(ApiToken)), (_columns(ApiToken), _columns(User))
    token = ApiToken.from_db("default", token_names, row[:width])
    token.user = User.from_db("default", user_names, row[width : width + len(user_names)])
    for name, value in zip(USER_ANNOTATIONS, row[width + len(user_names) :], strict=True):
        setattr(token.user, name, value)
    return token


@cache
def _columns(model: type[Model]) -> tuple[str, ...]:
    """The columns a request needs."""
    return tuple(field.attname for field in model._meta.concrete_fields if field.name not in _UNUSED)  # noqa: SLF001 - _meta is Django's documented API


@cache
def _usable_token() -> Compiled:
    """Built on first use, when all apps have said what they want read."""

    def build(digest: bytes, now: datetime) -> "QuerySet[ApiToken, Any]":
        names = [*_columns(ApiToken), *(f"user__{name}" for name in _columns(User))]
        annotations = {f"user_{name}": expression for name, expression in USER_ANNOTATIONS.items()}
        usable = ApiToken.objects.filter(digest=digest, expires_on__gt=now, revoked_on__isnull=True)
        rows: QuerySet[ApiToken, Any] = usable.annotate(**annotations).values_list(*names, *annotations)
        return rows

    return Compiled(build, digest=b"digest", now=datetime(9999, 1, 1, tzinfo=UTC))


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
