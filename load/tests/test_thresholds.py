"""The verdict says what happened and nothing else."""

from load.thresholds import Row, Thresholds, Verdict, judge

LIMITS = Thresholds(minimum_requests=100, failure_ratio=0.0, p95={"": 500.0, "sign in": 2000.0})


def row(*, name: str = "list", requests: int = 200, failures: int = 0, p95: float = 100.0) -> Row:
    """A healthy row unless told otherwise."""
    return Row(name=name, requests=requests, failures=failures, p50=10, p95=p95, p99=p95, worst=p95)


def test_a_healthy_run_is_ok() -> None:
    assert judge([row()], limits=LIMITS, saturated=False) == (Verdict.OK, ())


def test_one_failed_request_is_a_failure_even_with_too_few_samples() -> None:
    verdict, reasons = judge([row(requests=3, failures=1)], limits=LIMITS, saturated=True)
    assert verdict is Verdict.FAILURES
    assert reasons == ("list: 1 of 3 failed",)


def test_nothing_measured_is_void_not_ok() -> None:
    assert judge([], limits=LIMITS, saturated=False)[0] is Verdict.VOID


def test_a_saturated_generator_is_void_not_a_breach() -> None:
    assert judge([row(p95=9000.0)], limits=LIMITS, saturated=True)[0] is Verdict.VOID


def test_a_slow_route_is_a_breach_against_its_own_limit() -> None:
    rows = [row(p95=501.0), row(name="sign in", p95=1999.0)]
    verdict, reasons = judge(rows, limits=LIMITS, saturated=False)
    assert verdict is Verdict.BREACH
    assert reasons == ("list: p95 501 ms, limit 500 ms",)
