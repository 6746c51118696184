"""Run a persona through a shape inside this process and collect what it saw."""

import time
from datetime import UTC, datetime

from locust.env import Environment
from locust.stats import StatsEntry

from load.result import Result
from load.shapes import Staged, smoke
from load.thresholds import SMOKE, Row, Thresholds, judge
from load.users.planner import Planner

STOP_SECONDS = 10.0


def run(*, host: str, seconds: int, users: int, limits: Thresholds = SMOKE) -> Result:
    """Play the smoke shape against `host` and judge it; ends at the latest `STOP_SECONDS` after `seconds`."""
    started = datetime.now(UTC)
    begin = time.monotonic()
    environment = Environment(
        user_classes=[Planner],
        host=host,
        shape_class=Staged(smoke(seconds=seconds, users=users)),
        stop_timeout=STOP_SECONDS,
        # A defect in the persona ends the run with its traceback; it is never a slow or failed request.
        catch_exceptions=False,
    )
    runner = environment.create_local_runner()
    runner.start_shape()
    if runner.shape_greenlet is not None:
        runner.shape_greenlet.join(timeout=seconds + 2 * STOP_SECONDS)
    saturated = runner.cpu_warning_emitted
    runner.quit()
    rows = [_row(entry) for _, entry in sorted(environment.stats.entries.items())]
    verdict, reasons = judge(rows, limits=limits, saturated=saturated)
    return Result(
        host=host,
        started=started.isoformat(timespec="seconds"),
        seconds=round(time.monotonic() - begin, 1),
        users=users,
        verdict=verdict,
        reasons=reasons,
        rows=rows,
    )


def _row(entry: StatsEntry) -> Row:
    return Row(
        name=entry.name,
        requests=entry.num_requests,
        failures=entry.num_failures,
        p50=entry.get_response_time_percentile(0.5),
        p95=entry.get_response_time_percentile(0.95),
        p99=entry.get_response_time_percentile(0.99),
        worst=float(entry.max_response_time),
    )
