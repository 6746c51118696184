"""A lock between processes of one machine, which names its holder."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from infra.lib.errors import Exit, SlipwayError

POLL_SECONDS = 0.2


@contextmanager
def exclusive(path: Path, *, purpose: str) -> Iterator[None]:
    """Hold `path` for the block; refuse at once, naming the holder, when it is held.

    The kernel releases the lock with its holder's death, so a `kill -9` leaves nothing to clean.
    """
    with waiting(path, purpose=purpose, deadline=0):
        yield


@contextmanager
def waiting(path: Path, *, purpose: str, deadline: float) -> Iterator[None]:
    """Hold `path` for the block, after waiting up to `deadline` seconds for whoever holds it.

    The file, and its folder when that is empty, go with the lock: nothing is left of who is done.
    """
    file = _acquire(path, give_up=time.monotonic() + deadline)
    try:
        file.truncate(0)
        file.write(json.dumps({"pid": os.getpid(), "purpose": purpose, "since": time.strftime("%H:%M:%S")}))
        file.flush()
        yield
    finally:
        # Removed while it is still locked: who opened it before finds that it is no longer the one at `path`.
        path.unlink(missing_ok=True)
        with suppress(OSError):
            path.parent.rmdir()
        file.close()


def _acquire(path: Path, *, give_up: float) -> TextIO:
    while True:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = path.open("a+", encoding="utf-8")
        except (FileExistsError, FileNotFoundError):
            if path.parent.is_file() or path.parent.is_symlink():
                raise
            continue  # the folder was there, and has just gone with somebody else's lock
        taken = _taken(file)
        if taken and _is_at(path, file):
            return file
        file.close()
        if not taken:
            if time.monotonic() >= give_up:
                raise SlipwayError(
                    f"{path} is held by {_holder(path)}",
                    hint="wait for it to end, or look at it: ps -fp <pid>",
                    code=Exit.BUSY,
                )
            time.sleep(POLL_SECONDS)


def _is_at(path: Path, file: TextIO) -> bool:
    try:
        return path.stat().st_ino == os.fstat(file.fileno()).st_ino
    except FileNotFoundError:
        return False


def _taken(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(path: Path) -> str:
    try:
        holder = json.loads(path.read_text(encoding="utf-8"))
        return f"process {holder['pid']} ({holder['purpose']}, since {holder['since']})"
    except (ValueError, KeyError, OSError):
        return "another process"
