"""A lock between processes of one machine, which names its holder."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.lib.errors import Exit, SlipwayError


@contextmanager
def exclusive(path: Path, *, purpose: str) -> Iterator[None]:
    """Hold `path` for the block; refuse at once, naming the holder, when it is held.

    The kernel releases the lock with its holder's death, so a `kill -9` leaves nothing to clean.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SlipwayError(
                f"{path} is held by {_holder(path)}",
                hint="wait for it to end, or look at it: ps -fp <pid>",
                code=Exit.BUSY,
            ) from error
        file.truncate(0)
        file.write(json.dumps({"pid": os.getpid(), "purpose": purpose, "since": time.strftime("%H:%M:%S")}))
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def _holder(path: Path) -> str:
    try:
        holder = json.loads(path.read_text(encoding="utf-8"))
        return f"process {holder['pid']} ({holder['purpose']}, since {holder['since']})"
    except (ValueError, KeyError, OSError):
        return "another process"
