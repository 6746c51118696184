"""Work by the clock that does not happen: a CronJob runs nothing while it is suspended or while its runs fail."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from lightkube.resources.batch_v1 import CronJob

from infra.lib.findings import Finding

KUBECTL = ".venv/bin/slipway kubectl"
DEADLINE = 3600  # seconds a run without a deadline of its own may take
START = timedelta(minutes=5)  # from the clock to a started pod, on a busy node


def check(listed: Iterable[CronJob], *, now: datetime) -> list[Finding]:
    """Each is not suspended, and its last run that had the time to end has succeeded."""
    findings, number = [], 0
    for item in listed:
        number += 1
        namespace = (item.metadata.namespace if item.metadata else None) or ""
        name = (item.metadata.name if item.metadata else None) or "?"
        if fault := _fault(item, now=now):
            look = f"{KUBECTL} -n {namespace} describe cronjob {name}"
            findings.append(Finding("warn", f"CronJob {namespace}/{name}", fault, look))
    if not findings and number:
        findings = [Finding("ok", "scheduled work", f"{number} CronJobs run by the clock")]
    return findings


def _fault(item: CronJob, *, now: datetime) -> str:
    if item.spec is None:
        return ""
    if item.spec.suspend:
        return "is suspended: nothing runs"
    started = item.status.lastScheduleTime if item.status else None
    if started is None:
        return ""  # young: its time has not come yet
    ended = item.status.lastSuccessfulTime if item.status else None
    job = item.spec.jobTemplate.spec
    allowed = timedelta(seconds=(job.activeDeadlineSeconds if job else None) or DEADLINE) + START
    if (ended is None or ended < started) and now - started > allowed:
        told = f"last success {ended:%Y-%m-%d %H:%M} UTC" if ended else "no run has succeeded yet"
        return f"the run of {started:%Y-%m-%d %H:%M} UTC did not succeed; {told}"
    return ""
