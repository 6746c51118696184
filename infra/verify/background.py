"""A look at something again and again, beside what a `with` block does."""

import threading
from typing import Self


class Background:
    """Runs `_look` in a thread for the length of the block; it ends soon after `_over` is set."""

    def __init__(self, *, every: float) -> None:
        self._every = every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        """Look every `_every` seconds; the subclass says at what."""
