"""Banning and unbanning."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from django.db import transaction

from todo_app.accounts.models import ApiToken, Role, User
from todo_app.common.metrics import BANS
from todo_app.outbox.services import event_append

Action = Literal["ban", "unban", "toggle"]


@dataclass
class BanOutcome:
    """What one call did, by user id."""

    changed: list[uuid.UUID] = field(default_factory=list)
    unchanged: list[uuid.UUID] = field(default_factory=list)
    not_found: list[uuid.UUID] = field(default_factory=list)
    refused: list[uuid.UUID] = field(default_factory=list)


def users_ban(*, user_ids: Sequence[uuid.UUID], action: Action, reason: str, actor: User, now: datetime) -> BanOutcome:
    """Ban, unban or toggle many users, each wholly or not at all.

    `refused` holds the actor and the last admin who is not banned: they cannot be banned.
    """
    outcome = BanOutcome()
    for key in dict.fromkeys(user_ids):
        with transaction.atomic():
            if action != "unban":
                # two admins who ban one another must not both succeed
                list(User.objects.select_for_update().filter(role=Role.ADMIN).order_by("pk").values_list("pk"))
            user = User.objects.select_for_update().filter(pk=key).first()
            _place(outcome, user, key=key, action=action, reason=reason, actor=actor, now=now)
    return outcome


def _place(
    outcome: BanOutcome, user: User | None, *, key: uuid.UUID, action: Action, reason: str, actor: User, now: datetime
) -> None:
    if user is None:
        outcome.not_found.append(key)
        return
    ban = action == "ban" or (action == "toggle" and not user.is_banned)
    if user.is_banned == ban:
        outcome.unchanged.append(key)
    elif ban and (user == actor or _last_admin(user)):
        outcome.refused.append(key)
    else:
        if ban:
            user_ban(locked=user, reason=reason, actor=actor, now=now)
        else:
            user_unban(locked=user, reason=reason, actor=actor, now=now)
        outcome.changed.append(key)


def user_ban(*, locked: User, reason: str, actor: User | None, now: datetime) -> None:
    """Ban a user whose row the caller has locked. No actor means that the threshold did it.

    Tokens are refused from now on with the reason; `user_unban` revokes them, so that none comes back to life.
    """
    locked.is_banned, locked.ban_reason, locked.banned_on, locked.banned_by = True, reason, now, actor
    locked.save()
    payload = {"id": str(locked.pk), "by": str(actor.pk) if actor else None}
    event_append(type="user.banned", key=str(locked.pk), payload=payload, now=now)
    cause = "admin" if actor else "threshold"
    transaction.on_commit(lambda: BANS.labels(cause).inc())


def user_unban(*, locked: User, reason: str, actor: User, now: datetime) -> None:
    """Lift the ban of a locked row; the count of violations starts anew."""
    locked.is_banned, locked.ban_reason, locked.banned_on, locked.banned_by = False, "", None, None
    locked.violation_count = 0
    locked.save()
    ApiToken.objects.filter(user=locked, revoked_on__isnull=True).update(revoked_on=now)
    payload = {"id": str(locked.pk), "by": str(actor.pk), "reason": reason}
    event_append(type="user.unbanned", key=str(locked.pk), payload=payload, now=now)


def _last_admin(user: User) -> bool:
    return user.is_admin and not User.objects.filter(role=Role.ADMIN, is_banned=False).exclude(pk=user.pk).exists()
