"""How a long-running function says what it is doing, without knowing who listens."""

from typing import Protocol


class Report(Protocol):
    """Takes one short line in the present tense: `pull base packages`, `3 of 12 objects ready`."""

    def __call__(self, message: str, /, *, done: float | None = None) -> None:
        """Say `message`; `done` is the finished share of the work, 0 to 1, where it is known."""


def silent(message: str, /, *, done: float | None = None) -> None:
    """Report nothing."""
