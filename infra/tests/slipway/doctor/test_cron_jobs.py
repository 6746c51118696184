"""Scheduled work that does not happen is told."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from lightkube.resources.batch_v1 import CronJob

from infra.slipway.doctor import cron_jobs

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def job(*, suspend: bool = False, started: int | None = None, ended: int | None = None) -> CronJob:
    """`started` and `ended` are minutes ago."""

    def ago(minutes: int) -> str:
        return (NOW - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")

    template = {"spec": {"activeDeadlineSeconds": 600, "template": {}}}
    spec = {"schedule": "*/5 * * * *", "suspend": suspend, "jobTemplate": template}
    status: dict[str, Any] = {"lastScheduleTime": ago(started)} if started is not None else {}
    if ended is not None:
        status["lastSuccessfulTime"] = ago(ended)
    metadata = {"name": "todo-app-maintenance", "namespace": "todo"}
    return cast("CronJob", CronJob.from_dict({"metadata": metadata, "spec": spec, "status": status}))


@pytest.mark.parametrize(
    ("found", "level", "said"),
    [
        (job(), "ok", "1 CronJobs"),
        (job(started=30, ended=29), "ok", "1 CronJobs"),
        (job(started=5, ended=40), "ok", "1 CronJobs"),  # still running
        (job(suspend=True, started=30, ended=29), "warn", "is suspended"),
        (job(started=30, ended=90), "warn", "the run of 2026-11-21 11:30 UTC did not succeed; last success 2026-11-21"),
        (job(started=30), "warn", "no run has succeeded yet"),
    ],
)
def test_the_verdict_follows_the_last_run(found: CronJob, level: str, said: str) -> None:
    (finding,) = cron_jobs.check([found], now=NOW)

    assert finding.level == level
    assert said in finding.message
    assert level == "ok" or finding.remedy.endswith("describe cronjob todo-app-maintenance")


def test_a_cluster_without_scheduled_work_has_nothing_to_tell() -> None:
    assert cron_jobs.check([], now=NOW) == []
