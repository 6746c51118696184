"""Where a user is at home, asked once a request."""

import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar

from django.conf import settings
from django.db import OperationalError

from todo_app.common.shards import DIRECTORY, connection_of, current, on_directory, on_shard
from todo_app.shards.copying import stub_make
from todo_app.shards.models import UserHome


class UserMoving(OperationalError):
    """The user's rows are on their way to another database; it takes seconds, and is answered as a busy database is."""


class _Scope:
    """One request: the homes it has asked for, and the switch to undo at its end."""

    def __init__(self, stack: ExitStack) -> None:
        self.stack = stack
        self.homes: dict[uuid.UUID, str] = {}


_scope: ContextVar[_Scope | None] = ContextVar("shard-scope", default=None)


@contextmanager
def scope() -> Iterator[None]:
    """Around one request."""
    with ExitStack() as stack:
        token = _scope.set(_Scope(stack))
        try:
            yield
        finally:
            _scope.reset(token)


def home_of(user_id: uuid.UUID) -> str:
    """The database of a user's rows. Raises UserMoving."""
    if not settings.SHARDS:
        return DIRECTORY
    known = _scope.get()
    if known is not None and user_id in known.homes:
        return known.homes[user_id]
    with on_directory():
        row = UserHome.objects.filter(pk=user_id).values_list("shard", "moving_to").first()
    home, moving_to = row or (DIRECTORY, "")
    if moving_to:
        raise UserMoving
    if known is not None:
        known.homes[user_id] = home
    return home


def by_home(user_ids: list[uuid.UUID]) -> dict[str, list[uuid.UUID]]:
    """The users of each database; who is unknown counts as the directory's. Raises UserMoving."""
    if not settings.SHARDS:
        return {DIRECTORY: user_ids}
    with on_directory():
        rows = UserHome.objects.filter(pk__in=user_ids).values_list("user_id", "shard", "moving_to")
        homes = {user: (shard, moving_to) for user, shard, moving_to in rows}
    if any(moving_to for _, moving_to in homes.values()):
        raise UserMoving
    found: dict[str, list[uuid.UUID]] = {}
    for user in user_ids:
        found.setdefault(homes.get(user, (DIRECTORY, ""))[0], []).append(user)
    return found


@contextmanager
def at_shard(shard: str, *, beside: uuid.UUID) -> Iterator[None]:
    """Run what is inside on a database whose rows may refer to the user `beside`, who is at home where we are now."""
    if shard != current():
        stub_make(connection_of(current()), connection_of(shard), [beside])
    with on_shard(shard):
        yield


def home_enter(user_id: uuid.UUID) -> bool:
    """Let the rest of the request run where this user's rows are; whether that is another database than now.

    Raises UserMoving. Outside a request nothing changes.
    """
    known = _scope.get()
    if known is None or not settings.SHARDS:
        return False
    home = home_of(user_id)
    if home == current():
        return False
    known.stack.enter_context(on_shard(home))
    return True
