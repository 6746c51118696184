"""Whether time tells two cases apart: samples taken in turn, judged by rank."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

GOAL = 0.55  # of the area under the curve; 0.5 is a guess, 1 is certainty
SAMPLES_MIN = 100  # of each case; with fewer the error is above 0.04
SURE = 2.0  # standard errors


@dataclass(frozen=True, slots=True)
class Telling:
    """How well time tells: the area under the curve, from 0.5, its standard error, and samples of each case."""

    area: float
    error: float
    samples: int

    @property
    def judged(self) -> bool:
        """Whether there are samples enough to say anything."""
        return self.samples >= SAMPLES_MIN

    @property
    def broken(self) -> bool:
        """Whether time tells more than GOAL, beyond what chance explains."""
        return self.judged and self.area - SURE * self.error > GOAL

    def __str__(self) -> str:
        told = f"time tells {self.area:.3f} +- {self.error:.3f} of {self.samples} each"
        return told if self.judged else f"{told}, not judged: n too small"


def telling(one: Sequence[float], other: Sequence[float]) -> Telling:
    """The area under the curve by ranks (Mann-Whitney), whichever of the two is slower; ties count half."""
    n, m = len(one), len(other)
    ordered = sorted([(value, True) for value in one] + [(value, False) for value in other])
    ranks, start = 0.0, 0
    while start < n + m:
        end = start
        while end < n + m and ordered[end][0] == ordered[start][0]:
            end += 1
        ranks += sum(mine for _, mine in ordered[start:end]) * (start + 1 + end) / 2
        start = end
    area = (ranks - n * (n + 1) / 2) / (n * m)
    return Telling(max(area, 1 - area), ((n + m + 1) / (12 * n * m)) ** 0.5, min(n, m))


def timed(one: Callable[[], object], other: Callable[[], object], *, samples: int, chance: random.Random) -> Telling:
    """Both in turn, in an order that chance decides each time."""
    seconds: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(samples):
        order = [True, False]
        chance.shuffle(order)
        for first in order:
            begin = time.perf_counter()
            (one if first else other)()
            seconds[first].append(time.perf_counter() - begin)
    return telling(seconds[True], seconds[False])
