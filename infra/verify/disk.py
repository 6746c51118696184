"""How much disk folders take, now and at the highest."""

import threading
from collections.abc import Sequence
from pathlib import Path

from infra.lib.errors import SlipwayError
from infra.lib.process import capture

MISSING_IS_FINE = ("bash", "-c", 'du -scx --block-size=1 "$@" 2>/dev/null | tail -1; true', "du")


def used(folders: Sequence[Path]) -> int:
    """Bytes that the folders take on disk; files that come and go while counting are not counted."""
    there = [folder for folder in folders if folder.exists()]
    return int(capture([*MISSING_IS_FINE, *there], deadline=120).split()[0]) if there else 0


class Watch:
    """Looks every `every` seconds for the length of a `with` block; `peak` is in bytes."""

    def __init__(self, folders: Sequence[Path], *, every: float = 5.0) -> None:
        self.peak = 0
        self._folders = folders
        self._every = every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while True:
            over = self._over.wait(self._every)
            try:
                self.peak = max(self.peak, used(self._folders))
            except (SlipwayError, ValueError, IndexError):
                continue  # a look that failed is one sample fewer, not a smaller peak
            finally:
                if over:
                    return  # noqa: B012 - one last look has just been taken
