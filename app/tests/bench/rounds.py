"""Time calls side by side: rounds of all sides in turn, so that a noisy machine hurts each alike."""

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Call = Callable[[], object]


@dataclass(frozen=True)
class Times:
    """Microseconds a call: for each side the rounds in order."""

    sides: Mapping[str, list[float]]

    def median(self, side: str) -> float:
        """Of all rounds."""
        return statistics.median(self.sides[side])

    def ratio(self, over: str, under: str) -> float:
        """The median of each round's `over` divided by its `under`."""
        pairs = zip(self.sides[over], self.sides[under], strict=True)
        return statistics.median(first / second for first, second in pairs)

    def told(self) -> str:
        """For a note: `service 400 us, peer 1900 us`."""
        return ", ".join(f"{side} {self.median(side):.0f} us" for side in self.sides)


def interleaved(sides: Mapping[str, Call], *, rounds: int = 15, seconds: float = 0.25) -> Times:
    """Each round calls each side for about `seconds`; the first calls of all are not counted."""
    counts = {name: _calibrated(call, seconds) for name, call in sides.items()}
    found: dict[str, list[float]] = {name: [] for name in sides}
    gc.collect()
    gc.freeze()  # as the server does before it forks
    for _ in range(rounds):
        for name, call in sides.items():
            found[name].append(_timed(call, counts[name]) / counts[name] * 1e6)
    return Times(found)


def _calibrated(call: Call, seconds: float) -> int:
    _timed(call, 50)
    return max(10, int(seconds / (_timed(call, 50) / 50)))


def _timed(call: Call, times: int) -> float:
    begin = time.perf_counter()
    for _ in range(times):
        call()
    return time.perf_counter() - begin
