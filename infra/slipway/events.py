"""What a run of steps tells its viewer."""

from dataclasses import dataclass
from typing import Literal, Protocol

Kind = Literal["plan", "started", "progress", "still", "done", "failed", "cancelled", "skipped", "finished"]


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something happened to a step, or to the whole run where `step` is empty.

    `elapsed` and `remaining` in seconds, of the step; `total_remaining` of the run; None where unknown.
    `share` is the finished part of the step, 0 to 1.
    """

    kind: Kind
    step: str = ""
    message: str = ""
    elapsed: float = 0.0
    remaining: float | None = None
    total_remaining: float | None = None
    share: float | None = None
    steps: tuple[str, ...] = ()
    log: str = ""


class Viewer(Protocol):
    """Shows events; called from one thread at a time."""

    def __call__(self, event: Event, /) -> None:
        """Show `event`."""
