"""Wait for an object to become ready, with a deadline and a reason."""

import threading
import time

from infra.engine.direct.declared import Ref
from infra.engine.direct.readiness import State, deadline_of, is_awaited, rule_for, waiting
from infra.engine.direct.reasons import not_ready
from infra.lib.errors import SlipwayError
from infra.lib.kube import Kube, Object
from infra.lib.report import Report

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 1.0
REPORT_EVERY = 2.0


def until_ready(
    kube: Kube, live: Object, *, timeout: float | None, stopping: threading.Event, report: Report
) -> Object:
    """The object once it is ready; `timeout` in seconds overrides the table of kinds.

    Raises SlipwayError with the pods' reasons: exit 6 after the deadline, exit 1 when it failed for good.
    """
    ref, rule, seconds = Ref.of(live), rule_for(live), deadline_of(live, timeout)
    if not is_awaited(live):
        return live
    start = time.monotonic()
    pause, said = FIRST_PAUSE, start - REPORT_EVERY + 1.0
    verdict = rule.check(kube, live)
    while verdict.state is not State.READY:
        now = time.monotonic()
        if verdict.state is State.FAILED or now - start > seconds:
            raise not_ready(kube, live, verdict.why, seconds=seconds, failed=verdict.state is State.FAILED)
        if now - said > REPORT_EVERY:
            report(f"wait for {ref}: {verdict.why}")
            said = now
        if stopping.wait(pause):
            raise SlipwayError(f"{ref}: no longer waited for, another object failed")
        pause = min(LONGEST_PAUSE, pause * 1.5)
        found = kube.get(ref.api_version, ref.kind, ref.namespace, ref.name)
        live = found or live
        verdict = rule.check(kube, live) if found else waiting("it was deleted by somebody else")
    return live
