"""`stop` ends what runs on this machine, whosever cluster it is; only ours is started."""

import pytest
from typer.testing import CliRunner

from infra.lib.errors import Exit, SlipwayError
from infra.slipway import cli, power
from infra.slipway.session import Session
from infra.tests.slipway import fakes


@pytest.mark.parametrize("choice", ["", "context:x"])
def test_stop_reaches_the_chosen_cluster(
    choice: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Session, "require_permission", lambda _: None)
    cluster = fakes.FakeCluster()

    power.stop(fakes.session(cluster=cluster, cluster_choice=choice))

    assert cluster.calls == ["stop"]
    assert ("runs on" in capsys.readouterr().out) is bool(choice)


def test_a_cluster_of_somebody_else_is_not_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Session, "require_permission", lambda _: None)
    cluster = fakes.FakeCluster()

    with pytest.raises(SlipwayError, match="not ours to start") as caught:
        power.start(fakes.session(cluster=cluster, cluster_choice="context:x"))

    assert caught.value.code is Exit.BAD_INPUT
    assert cluster.calls == []


def test_stop_and_start_are_told_the_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unread, the variable would have the embedded cluster stopped instead."""
    told: list[str] = []
    for name in ("stop", "start"):
        monkeypatch.setattr(power, name, lambda session: told.append(str(session.options.cluster)))
    monkeypatch.setenv("CLUSTER", "context:x")

    for name in ("stop", "start"):
        CliRunner().invoke(cli.app, [name], catch_exceptions=False)

    assert told == ["context:x"] * 2
