"""Chores: all of them run, and a failure is told."""

from datetime import datetime

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from todo_app.common import maintenance


@pytest.fixture(autouse=True)
def _only_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maintenance, "_CHORES", {})


def broken(*, now: datetime) -> int:
    raise ValueError("no space left")


def fine(*, now: datetime) -> int:
    return 3


def test_a_failing_chore_keeps_no_other_from_running(capsys: pytest.CaptureFixture[str]) -> None:
    maintenance.chore_register(name="a-broken", chore=broken)
    maintenance.chore_register(name="b-fine", chore=fine)

    with pytest.raises(CommandError, match="a-broken failed: ValueError: no space left"):
        call_command("maintenance")
    assert "b-fine: 3 rows" in capsys.readouterr().out


def test_one_chore_can_be_named_and_gets_the_time() -> None:
    heard: list[datetime] = []

    def listen(*, now: datetime) -> int:
        heard.append(now)
        return 0

    maintenance.chore_register(name="wanted", chore=listen)
    maintenance.chore_register(name="other", chore=broken)
    done = maintenance.chores_run(now=timezone.now(), only="wanted")

    assert (done.rows, done.failed, len(heard)) == ({"wanted": 0}, {}, 1)
