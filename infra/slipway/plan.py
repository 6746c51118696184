"""What a run consists of: steps, what each needs, and the checks that hold before the first one starts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from infra.lib.report import Report


@dataclass(frozen=True)
class Work:
    """What a step's action gets: how to say what it does, and a log file of its own for programs it runs."""

    report: Report
    log: Path


@dataclass(frozen=True, kw_only=True)
class Step:
    """One unit of work. `deadline` in seconds; the action's result is a short note such as `0 changed`.

    `timed_as` is the name its duration is kept under, so that a build and a look into the cache do not mix.
    """

    name: str
    action: Callable[[Work], str | None]
    deadline: float
    needs: tuple[str, ...] = ()
    timed_as: str = ""

    @property
    def timing(self) -> str:
        """The name of its duration."""
        return self.timed_as or self.name


def check(steps: Sequence[Step]) -> None:
    """Refuse a plan that cannot run: a programming error, so a ValueError."""
    names = [step.name for step in steps]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"steps named twice: {', '.join(twice)}")
    if unknown := sorted({f"{step.name} → {need}" for step in steps for need in step.needs if need not in names}):
        raise ValueError(f"steps need what is not there: {', '.join(unknown)}")
    try:
        TopologicalSorter({step.name: step.needs for step in steps}).prepare()
    except CycleError as error:
        raise ValueError(f"steps wait for one another: {' → '.join(error.args[1])}") from error


def remaining(
    steps: Sequence[Step], *, estimates: dict[str, float], elapsed: dict[str, float], finished: frozenset[str]
) -> float | None:
    """Seconds along the longest unfinished chain; None when an unfinished step has never been timed.

    `estimates` by the steps' timings; `elapsed` holds the running steps. A step that outlives its estimate
    counts as nearly done.
    """
    if any(step.timing not in estimates for step in steps if step.name not in finished):
        return None
    ends: dict[str, float] = {}
    by_name = {step.name: step for step in steps}
    for name in TopologicalSorter({step.name: step.needs for step in steps}).static_order():
        own = 0.0 if name in finished else max(0.0, estimates[by_name[name].timing] - elapsed.get(name, 0.0))
        ends[name] = own + max((ends[need] for need in by_name[name].needs), default=0.0)
    return max(ends.values(), default=0.0)
