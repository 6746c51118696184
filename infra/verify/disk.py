"""How much disk folders take, now and at the highest."""

from collections.abc import Sequence
from pathlib import Path

from infra.lib.errors import SlipwayError
from infra.lib.process import capture
from infra.verify.background import Background

MISSING_IS_FINE = ("bash", "-c", 'du -scx --block-size=1 "$@" 2>/dev/null | tail -1; true', "du")


def used(folders: Sequence[Path]) -> int:
    """Bytes that the folders take on disk; files that come and go while counting are not counted."""
    there = [folder for folder in folders if folder.exists()]
    return int(capture([*MISSING_IS_FINE, *there], deadline=120).split()[0]) if there else 0


class Watch(Background):
    """Looks every `every` seconds for the length of a `with` block; `peak` is in bytes."""

    def __init__(self, folders: Sequence[Path], *, every: float = 5.0) -> None:
        super().__init__(every=every)
        self.peak = 0
        self._folders = folders

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
