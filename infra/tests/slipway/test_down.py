"""`down`: our own cluster as a whole, foreign ones by their stacks in reverse."""

from pathlib import Path

from infra.lib.report import silent
from infra.slipway import down
from infra.slipway.plan import Step, Work, check
from infra.tests.slipway import fakes


def run(steps: tuple[Step, ...], log: Path) -> None:
    for step in steps:
        step.action(Work(silent, log))


def test_the_embedded_cluster_goes_as_a_whole(tmp_path: Path) -> None:
    cluster, engine = fakes.FakeCluster(), fakes.FakeEngine()

    run(down.plan(fakes.session(cluster=cluster, engine=engine)), tmp_path / "log")

    assert (cluster.calls, engine.calls) == (["delete"], [])


def test_a_context_loses_the_stacks_from_last_to_first_and_keeps_the_cluster(tmp_path: Path) -> None:
    cluster, engine = fakes.FakeCluster(), fakes.FakeEngine()
    steps = down.plan(fakes.session(cluster=cluster, engine=engine, cluster_choice="context:x"))
    check(steps)

    run(steps, tmp_path / "log")

    assert engine.calls == ["down delivery", "down data", "down platform", "down foundation"]
    assert [step.needs for step in steps] == [(), ("delivery",), ("data",), ("platform",), ("foundation",)]
