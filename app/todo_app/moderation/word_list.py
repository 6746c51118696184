"""This process's copy of the word list; never older than what the request's own user query saw."""

import threading

from todo_app.common.shards import DIRECTORY, current
from todo_app.moderation.matcher import Matcher
from todo_app.moderation.selectors import words_snapshot, words_version

_lock = threading.Lock()
_current = Matcher((), version=0)


def matcher(*, seen_version: int | None) -> Matcher:
    """A matcher at least as new as `seen_version`; without one the version is asked for."""
    global _current  # noqa: PLW0603 - one list a process is the point
    # the list is the directory's; a user at home elsewhere has read another number there
    wanted = words_version() if seen_version is None or current() != DIRECTORY else seen_version
    if _current.version < wanted:
        with _lock:
            if _current.version < wanted:
                version, entries = words_snapshot()
                _current = Matcher(entries, version=version)
    return _current


def forget() -> None:
    """Drop the copy; for tests that start another database."""
    global _current  # noqa: PLW0603 - see matcher
    _current = Matcher((), version=0)
