"""The result of a run: a table for people, a file for machines."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from load.thresholds import Row, Verdict

COLUMNS = ("requests", "failures", "p50", "p95", "p99", "worst")


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a run measured and what it means; times in milliseconds, `seconds` of wall time."""

    host: str
    started: str
    seconds: float
    users: int
    verdict: Verdict
    reasons: tuple[str, ...]
    rows: Sequence[Row]


def table(result: Result) -> str:
    """One line a route, the totals, the verdict and why."""
    width = max([len(row.name) for row in result.rows] + [len("all")])
    lines = ["  ".join([f"{'route':<{width}}", *(f"{column:>9}" for column in COLUMNS)])]
    for row in result.rows:
        values = (row.requests, row.failures, row.p50, row.p95, row.p99, row.worst)
        lines.append("  ".join([f"{row.name:<{width}}", *(f"{value:>9.0f}" for value in values)]))
    total = sum(row.requests for row in result.rows)
    failed = sum(row.failures for row in result.rows)
    lines.append("  ".join([f"{'all':<{width}}", f"{total:>9}", f"{failed:>9}"]))
    lines.append(f"{total / max(result.seconds, 0.001):.1f} requests/s over {result.seconds:.0f} s; times in ms")
    lines.append(f"verdict: {result.verdict.name.lower()} ({result.verdict.value})")
    return "\n".join([*lines, *(f"  {reason}" for reason in result.reasons)])


def write(result: Result, file: Path) -> None:
    """The same as JSON, the verdict by its name."""
    file.parent.mkdir(parents=True, exist_ok=True)
    body = asdict(result) | {"verdict": result.verdict.name.lower(), "exit_code": result.verdict.value}
    file.write_text(json.dumps(body, indent=2) + "\n", encoding="utf-8")
