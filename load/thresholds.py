"""From what was measured to a verdict: the one place that knows what is good enough."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum


class Verdict(IntEnum):
    """The exit code of a load run; documented in docs/performance, so a number never changes its meaning."""

    OK = 0
    FAILURES = 1  # the service failed requests
    BREACH = 2  # it answered, but slower than promised
    VOID = 3  # the generator was saturated or measured too little: says nothing about the service


@dataclass(frozen=True, kw_only=True)
class Row:
    """One route's statistics; times in milliseconds."""

    name: str
    requests: int
    failures: int
    p50: float
    p95: float
    p99: float
    worst: float


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """Limits of a run. `p95` by route name in milliseconds, `""` for every other route."""

    minimum_requests: int
    failure_ratio: float
    p95: dict[str, float]


# Two cores carry the whole cluster and the generator, so these catch a broken service, not a slow afternoon.
SMOKE = Thresholds(minimum_requests=100, failure_ratio=0.0, p95={"": 1000.0, "sign in": 3000.0})


def judge(rows: Sequence[Row], *, limits: Thresholds, saturated: bool) -> tuple[Verdict, tuple[str, ...]]:
    """The verdict and its reasons.

    Failures come first: a failed request is a finding however few there were. A saturated generator
    makes latencies meaningless, so it comes before them.
    """
    requests = sum(row.requests for row in rows)
    failures = sum(row.failures for row in rows)
    if requests and failures / requests > limits.failure_ratio:
        return Verdict.FAILURES, tuple(
            f"{row.name}: {row.failures} of {row.requests} failed" for row in rows if row.failures
        )
    void = []
    if requests < limits.minimum_requests:
        void.append(f"{requests} requests, want at least {limits.minimum_requests}")
    if saturated:
        void.append("the generator used a whole core: its latencies are its own")
    if void:
        return Verdict.VOID, tuple(void)
    slow = tuple(
        f"{row.name}: p95 {row.p95:.0f} ms, limit {limit:.0f} ms"
        for row in rows
        if row.p95 > (limit := limits.p95.get(row.name, limits.p95.get("", float("inf"))))
    )
    return (Verdict.BREACH, slow) if slow else (Verdict.OK, ())
