"""Moving one user to another database: fence, copy, verify, switch, delete.

The map names exactly one owner at every moment: the source until `switch`, the target from then on. Each step is a
transaction of one database, and all of them can be done again, so a killed move is finished by the same command.
"""

import hashlib
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.migrations.recorder import MigrationRecorder

from todo_app.common.shards import DIRECTORY, aliases, connection_of, on_directory, on_shard
from todo_app.shards.copying import events_copy, rows_copy, rows_delete, stub_leave, stubs_make, verify
from todo_app.shards.fences import drain, fence
from todo_app.shards.models import Away, UserHome

LOCK_WAIT = 5  # seconds; the server needs a moment to see that a killed mover is gone


class MoveRefused(Exception):
    """Why this user cannot be moved there."""


@dataclass
class Moved:
    """What one call did: rows by table; empty when the user was there already."""

    source: str
    target: str
    rows: dict[str, int] = field(default_factory=dict)


def _nothing(_step: str) -> None:
    """No one watches."""


def user_move(*, user_id: uuid.UUID, target: str, now: datetime, step: Callable[[str], None] = _nothing) -> Moved:
    """Move a user, or finish a move that was cut off. `step` hears of every step that is done.

    Raises MoveRefused, DrainTimeout, CopyDiffers.
    """
    if target not in aliases():
        raise MoveRefused(f"{target!r} is not a shard; there are: {', '.join(aliases())}")
    with _alone(user_id):
        home = _begin(user_id, target, now)
        moved = Moved(source=home.moving_from or home.shard, target=target)
        if not home.moving_to:
            return moved
        step("begun")
        if home.shard != target:
            with on_shard(moved.source):
                fence(user_id)
                step("fenced")
                drain()
            step("drained")
            moved.rows = _copy(user_id, moved, step)
            step("copied")
            _switch(user_id, moved, now)
            step("switched")
        _leave(user_id, moved, step)
        step("left")
        with on_directory():
            UserHome.objects.filter(pk=user_id).update(moving_from="", moving_to="", changed_on=now)
    return moved


@contextmanager
def _alone(user_id: uuid.UUID) -> Iterator[None]:
    """One move of a user at a time; the lock ends with the process."""
    key = int.from_bytes(hashlib.sha256(b"move" + user_id.bytes).digest()[:8], "big", signed=True)
    deadline = time.monotonic() + LOCK_WAIT
    with connection_of(DIRECTORY).cursor() as cursor:
        while True:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
            if cursor.fetchone() == (True,):
                break
            if time.monotonic() > deadline:
                raise MoveRefused("another process is moving this user")
            time.sleep(0.1)
    try:
        yield
    finally:
        with connection_of(DIRECTORY).cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [key])


def _begin(user_id: uuid.UUID, target: str, now: datetime) -> UserHome:
    """The map's row, with the move entered in it; from then on nobody serves the user."""
    with on_directory(), transaction.atomic():
        home = UserHome.objects.select_for_update().filter(pk=user_id).first()
        home = home or UserHome(user_id=user_id, shard=DIRECTORY)
        if home.moving_to and home.moving_to != target:
            raise MoveRefused(f"a move to {home.moving_to} was cut off; finish it first: move_user … {home.moving_to}")
        if not home.moving_to and home.shard == target:
            return home
        if not home.moving_to:
            _judge(user_id, home.shard, target)
            home.moving_from, home.moving_to = home.shard, target
        home.changed_on = now
        home.save()
        return home


def _judge(user_id: uuid.UUID, source: str, target: str) -> None:
    with on_shard(source):
        user = get_user_model().objects.filter(pk=user_id).first()
        if user is None:
            raise MoveRefused("there is no such user")
        if user.is_staff or user.groups.exists() or user.user_permissions.exists():
            raise MoveRefused("administrators and users with groups or permissions stay on the directory")
    applied = {alias: set(MigrationRecorder(connection_of(alias)).applied_migrations()) for alias in (source, target)}
    if different := applied[source] ^ applied[target]:
        raise MoveRefused(f"the databases differ by {len(different)} migrations; run migrate first")


def _copy(user_id: uuid.UUID, moved: Moved, step: Callable[[str], None]) -> dict[str, int]:
    """All rows, in one transaction of the target; what an earlier try left there goes first."""
    source, target = connection_of(moved.source), connection_of(moved.target)
    with transaction.atomic(using=_name_of(moved.target)), transaction.atomic(using=_name_of(moved.source)):
        rows_delete(target, user_id)
        stubs_make(source, target, user_id)
        rows_copy(source, target, user_id)
        events_copy(source, target, user_id)
        step("copying")
        rows = verify(source, target, user_id)
        with on_shard(moved.target):
            Away.objects.filter(pk=user_id).delete()  # it may have lived there before
    return rows


def _switch(user_id: uuid.UUID, moved: Moved, now: datetime) -> None:
    """The moment of change; conditional, so that it happens once."""
    with on_directory():
        row = UserHome.objects.filter(pk=user_id, shard=moved.source, moving_to=moved.target)
        if row.update(shard=moved.target, changed_on=now) != 1:
            raise MoveRefused("the map has been changed by another hand")


def _leave(user_id: uuid.UUID, moved: Moved, step: Callable[[str], None]) -> None:
    """Delete at the source; a row with key and name stays for what refers to the user."""
    source = connection_of(moved.source)
    with transaction.atomic(using=_name_of(moved.source)):
        rows_delete(source, user_id)
        stub_leave(source, user_id)
        step("leaving")


def _name_of(alias: str) -> str:
    """For `atomic(using=…)`; moves are run on the directory, so every alias names itself."""
    return alias
