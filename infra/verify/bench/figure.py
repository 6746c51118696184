"""A figure: how it is measured and which rows it gives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from infra.lib.report import Report
from infra.verify.bench.stand import Stand

Group = Literal["app", "platform"]
NO_PEER = "none known for the same work"


@dataclass(frozen=True, kw_only=True)
class Goal:
    """One row: the value is good when it is `at_most` (or `at_least`) this many `unit`.

    `peer` is what others are known to reach and `limit` what physics or the parts allow, with its source;
    `bound` is what keeps the value from the goal, told of a missed one.
    """

    id: str
    unit: str
    at_most: float | None = None
    at_least: float | None = None
    peer: str = NO_PEER
    limit: str
    bound: str = ""

    def met(self, value: float) -> bool:
        """Whether `value` reaches the goal."""
        return (self.at_most is None or value <= self.at_most) and (self.at_least is None or value >= self.at_least)

    @property
    def text(self) -> str:
        """The goal for a table: `≤ 90`."""
        bounds = (("≤", self.at_most), ("≥", self.at_least))
        return " and ".join(f"{sign} {bound:g}" for sign, bound in bounds if bound is not None)


@dataclass(frozen=True, kw_only=True)
class Value:
    """What was measured. `value` None means not run, and `note` says why; of a missed goal it says what bounds it."""

    value: float | None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What a measurement gets: a folder of its own, an instance when it asks for one, a way to say what it does."""

    folder: Path
    stand: Stand
    report: Report


@dataclass(frozen=True, kw_only=True)
class Figure:
    """Gives a value for each of its goals."""

    id: str
    group: Group
    title: str
    goals: tuple[Goal, ...]
    measure: Callable[[Desk], Mapping[str, Value]]
