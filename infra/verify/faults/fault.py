"""A fault test: what is done to the product, what it promises, and the defect that must turn it red."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Literal

from infra.verify.bed import Bed, Done

# unit: seconds, no root; machine: mounts, ports or builds, no cluster; bed: a running instance; own: makes its own;
# full: a running instance of profile full.
Tier = Literal["unit", "machine", "bed", "own", "full"]


class BrokenError(AssertionError):
    """The product broke its promise; the message says how."""


@dataclass(frozen=True, kw_only=True)
class Site:
    """What one round gets: its number, a folder, seeded randomness, an instance, and the defect to run with."""

    number: int
    folder: Path
    random: Random
    bed: Bed
    defect: str = ""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """`probe` raises BrokenError when the promise does not hold; run with `defect` it has to.

    `whole`: how many subjects there are, where each round has one of its own by its number and the full count is all.
    `not_judged`: what the probe cannot see, each with its reason; it is part of the result.
    `note`: after the rounds, what they saw that the counts do not tell; the first failure takes its place.
    """

    id: str
    title: str
    promise: str
    tier: Tier
    defect: str
    probe: Callable[[Site], None]
    whole: Callable[[], int] | None = None
    not_judged: Callable[[], tuple[str, ...]] | None = None
    note: Callable[[], str] | None = None


def hold(true: object, why: str) -> None:
    """Part of a promise."""
    if not true:
        raise BrokenError(why)


def told(done: Done, *texts: str, code: int, within: float) -> None:
    """A clear refusal: this exit code, soon, every text said, no traceback, no "unexpected", a screenful at most."""
    everything = f"{done.out}\n{done.err}"
    hold(done.code == code, f"want exit {code}: {done.text}")
    hold(done.seconds <= within, f"want an answer within {within:.0f} s: {done.text}")
    hold("Traceback" not in everything, f"a traceback reached the user: {done.text}")
    hold("unexpected" not in everything, f"an unexpected error reached the user: {done.text}")
    hold(len(done.err.splitlines()) <= 40, f"more than a screenful: {done.text}")
    flat = " ".join(everything.split())
    missing = [text for text in texts if text not in flat]
    hold(not missing, f"not said: {', '.join(missing)}: {done.text}")
