"""What came out of a part, and how a tier's outcome is told."""

import re
import xml.etree.ElementTree as ET  # reads only files that our own pytest wrote
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Outcome = Literal["passed", "failed", "not run"]


@dataclass(frozen=True)
class Counts:
    """Of one pytest run; `reasons` say what was skipped and why."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    reasons: tuple[str, ...] = ()

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.passed + other.passed,
            self.failed + other.failed,
            self.skipped + other.skipped,
            self.seconds + other.seconds,
            (*self.reasons, *other.reasons),
        )

    def __str__(self) -> str:
        told = [f"{number} {what}" for number, what in self._all if number]
        return f"{', '.join(told) or 'no tests ran'} in {self.seconds:.2f}s"

    @property
    def _all(self) -> tuple[tuple[int, str], ...]:
        return ((self.failed, "failed"), (self.passed, "passed"), (self.skipped, "skipped"))


@dataclass(frozen=True)
class Result:
    """One part's end; `why` for what was not run."""

    name: str
    outcome: Outcome
    seconds: float = 0.0
    why: str = ""
    counts: Counts | None = None


@dataclass(frozen=True)
class Tier:
    """All parts of one tier."""

    name: str
    results: Sequence[Result] = field(default_factory=tuple)

    @property
    def counts(self) -> Counts:
        """Sum over the pytest runs of the tier."""
        return sum((result.counts for result in self.results if result.counts), Counts())

    @property
    def outcome(self) -> Outcome:
        """Failed when a part failed; passed only when something ran."""
        if any(result.outcome == "failed" for result in self.results):
            return "failed"
        return "passed" if any(result.outcome == "passed" for result in self.results) else "not run"

    def summary(self) -> str:
        """The line at the very end, in the form of pytest's own."""
        told = f": {self.counts}" if any(result.counts for result in self.results) else ""
        return f" {self.name} {self.outcome}{told} ".center(100, "=")


def read(junit: Path) -> Counts | None:
    """Counts of a finished pytest run, None when it wrote none (it crashed)."""
    try:
        root = ET.parse(junit).getroot()  # noqa: S314 - written by our own pytest a moment ago
    except (OSError, ET.ParseError):
        return None
    suites = root.iter("testsuite")
    total = Counts()
    for suite in suites:
        number = {key: int(suite.get(key, "0")) for key in ("tests", "failures", "errors", "skipped")}
        bad = number["failures"] + number["errors"]
        reasons = tuple(_reason(case) for case in suite.iter("testcase") if case.find("skipped") is not None)
        seconds = float(suite.get("time", "0"))
        total += Counts(number["tests"] - bad - number["skipped"], bad, number["skipped"], seconds, reasons)
    return total


def _reason(case: ET.Element) -> str:
    skipped = case.find("skipped")
    said = "" if skipped is None else skipped.get("message", "")
    return re.sub(r"^not run: ", "", said) or f"{case.get('name')}: no reason given"
