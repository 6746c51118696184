"""Banning and unbanning."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from django.db import transaction
from django.db.models import F, QuerySet

from todo_app.accounts.models import Role, User
from todo_app.common.idempotency import steps_keep, steps_kept
from todo_app.common.metrics import BANS
from todo_app.outbox.services import event_append, events_append
from todo_app.shards.homes import at_shard, by_home

Action = Literal["ban", "unban", "toggle"]
REFUSED = "You cannot ban yourself, the last administrator or, if not one, any administrator."  # BanOutcome.refused
BATCH = 500  # users of one transaction; 10,000 are twenty short ones instead of a long one
BAN_COLUMNS = ("is_banned", "ban_reason", "banned_on", "banned_by_id", "session_epoch", "access_from")


@dataclass
class BanOutcome:
    """What one call did, by user id."""

    changed: list[uuid.UUID] = field(default_factory=list)
    unchanged: list[uuid.UUID] = field(default_factory=list)
    not_found: list[uuid.UUID] = field(default_factory=list)
    refused: list[uuid.UUID] = field(default_factory=list)


def users_ban(*, user_ids: Sequence[uuid.UUID], action: Action, reason: str, actor: User, now: datetime) -> BanOutcome:
    """Ban, unban or toggle many users, each wholly or not at all.

    `refused` holds the actor and the last admin who is not banned: they cannot be banned; and, where the actor is no
    admin but has the permission to ban, every admin.
    """
    places: dict[uuid.UUID, str] = {}
    for home, keys in by_home(list(dict.fromkeys(user_ids))).items():
        with at_shard(home, beside=actor.pk):
            places |= steps_kept()  # by an earlier attempt with the same Idempotency-Key
            left = [key for key in keys if key not in places]
            for start in range(0, len(left), BATCH):
                places |= _batch(left[start : start + BATCH], action=action, reason=reason, actor=actor, now=now)
    outcome = BanOutcome()
    for key in dict.fromkeys(user_ids):
        getattr(outcome, places[key]).append(key)
    return outcome


@transaction.atomic
def _batch(
    keys: Sequence[uuid.UUID], *, action: Action, reason: str, actor: User, now: datetime
) -> dict[uuid.UUID, str]:
    """Do it; for each key the name of the list of BanOutcome it belongs to."""
    # always the admins first, then by key: two calls never wait for one another, nor do two admins ban one another
    locking = User.objects.select_for_update(no_key=True).order_by("pk")
    free = {admin.pk for admin in locking.filter(role=Role.ADMIN) if not admin.is_banned}
    users = {user.pk: user for user in locking.filter(pk__in=keys)}
    turned: dict[bool, list[User]] = {True: [], False: []}
    places: dict[uuid.UUID, str] = {}
    for key in keys:
        user = users.get(key)
        if user is None:
            places[key] = "not_found"
            continue
        ban = action == "ban" or (action == "toggle" and not user.is_banned)
        if user.is_banned == ban:
            places[key] = "unchanged"
        elif (ban and (key == actor.pk or free == {key})) or (user.role == Role.ADMIN != actor.role):
            places[key] = "refused"
        else:
            if ban:
                free.discard(key)
            turned[ban].append(user)
            places[key] = "changed"
    _ban(turned[True], reason=reason, actor=actor, now=now)
    _unban(turned[False], reason=reason, actor=actor, now=now)
    steps_keep(places)
    return places


def _ban(users: Sequence[User], *, reason: str, actor: User, now: datetime) -> None:
    columns = {"is_banned": True, "ban_reason": reason, "banned_on": now, "banned_by": actor}
    facts = {"by": str(actor.pk)}
    _write(users, columns=columns, changed=BAN_COLUMNS, fact="user.banned", facts=facts, now=now)
    transaction.on_commit(lambda: BANS.labels("admin").inc(len(users)))


def _unban(users: Sequence[User], *, reason: str, actor: User, now: datetime) -> None:
    columns = {"is_banned": False, "ban_reason": "", "banned_on": None, "banned_by": None, "violation_count": 0}
    facts = {"by": str(actor.pk), "reason": reason}
    _write(
        users, columns=columns, changed=(*BAN_COLUMNS, "violation_count"), fact="user.unbanned", facts=facts, now=now
    )


def _write(
    users: Sequence[User],
    *,
    columns: Mapping[str, object],
    changed: Sequence[str],
    fact: str,
    facts: Mapping[str, object],
    now: datetime,
) -> None:
    """One statement for all rows, and for each the two events that saving it would have appended."""
    if not users:
        return
    keys = [user.pk for user in users]
    ends = {"session_epoch": F("session_epoch") + 1, "access_from": now, "updated_on": now}
    QuerySet(User).filter(pk__in=keys).update(**columns, **ends)  # not the manager's: the events follow
    names = sorted({*changed, "updated_on"})
    updated: list[tuple[str, str, Mapping[str, object]]] = [
        ("user.updated", str(key), {"id": str(key), "changed": names}) for key in keys
    ]
    events_append(events=[*updated, *((fact, str(key), {"id": str(key), **facts}) for key in keys)], now=now)


def user_ban(*, locked: User, reason: str, actor: User | None, now: datetime) -> None:
    """Ban a user whose row the caller has locked. No actor means that the threshold did it.

    Tokens and sessions are refused from now on with the reason; the new epoch keeps them dead after an unban.
    """
    locked.is_banned, locked.ban_reason, locked.banned_on, locked.banned_by = True, reason, now, actor
    locked.save()
    payload = {"id": str(locked.pk), "by": str(actor.pk) if actor else None}
    event_append(type="user.banned", key=str(locked.pk), payload=payload, now=now)
    cause = "admin" if actor else "threshold"
    transaction.on_commit(lambda: BANS.labels(cause).inc())
