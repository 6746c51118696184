"""Which database a piece of work runs on. Without TODO_SHARDS there is one, and nothing here is ever called.

A shard is a whole database of the service; a user's rows are on one of them, its home. `on_shard` makes that
database the default one for everything inside: ORM, `atomic()`, raw SQL, `on_commit`. A Django database router
could not: `atomic()` and raw SQL never ask it, so a write and its event would part. See
docs/adr/0011-shards-by-whole-database.md.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

DIRECTORY = DEFAULT_DB_ALIAS  # holds what is nobody's: the map of homes, banned words, sessions; and most users
KEPT = "directory"  # where the directory's connection waits while another one is the default
T = TypeVar("T")


def aliases() -> tuple[str, ...]:
    """All databases, the directory first."""
    return (DIRECTORY, *settings.SHARDS)


def current() -> str:
    """The database that is the default one now."""
    alias: str = connections[DEFAULT_DB_ALIAS].alias
    return alias


def connection_of(alias: str) -> BaseDatabaseWrapper:
    """This thread's connection to a shard, whichever is the default one now."""
    if alias == DIRECTORY and current() != DIRECTORY:
        return connections[KEPT]
    return connections[alias]


@contextmanager
def on_shard(alias: str) -> Iterator[None]:
    """Run what is inside on this database."""
    before = connections[DEFAULT_DB_ALIAS]
    if before.alias == alias:
        yield
        return
    wanted = connection_of(alias)
    if before.alias == DIRECTORY:
        connections[KEPT] = before
    own = wanted.execute_wrappers
    # who did it, which the audit trail learns from a wrapper, is told to every database the work goes to
    wanted.execute_wrappers = [*own, *(each for each in before.execute_wrappers if each not in own)]
    connections[DEFAULT_DB_ALIAS] = wanted
    try:
        yield
    finally:
        connections[DEFAULT_DB_ALIAS] = before
        wanted.execute_wrappers = own


@contextmanager
def on_directory() -> Iterator[None]:
    """Run what is inside on the directory: for lists that all shards share."""
    with on_shard(DIRECTORY):
        yield


def each_shard() -> Iterator[str]:
    """Every database in turn, as the default one of the loop's body."""
    for alias in aliases():
        with on_shard(alias):
            yield alias


def chunks_on(alias: str, chunks: Iterable[T]) -> Iterator[T]:
    """A streamed answer is made after its request has ended: each piece of it still on the same database."""
    iterator, end = iter(chunks), object()
    while True:
        with on_shard(alias):
            chunk = next(iterator, end)
        if chunk is end:
            return
        yield chunk  # type: ignore[misc]  # not `end`, so a T
