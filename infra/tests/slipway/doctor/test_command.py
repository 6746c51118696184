"""`doctor` as a whole: what is shown, in which order, and when it ends red."""

import io
import json
from datetime import UTC, datetime

import pytest
import typer
from rich.console import Console

from infra.lib.findings import Finding
from infra.slipway.doctor import command
from infra.tests.slipway import fakes

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BAD = Finding("fail", "port", "8080 is taken by process 7", "kill 7")
GOOD = Finding("ok", "disk", "enough")


def test_the_worst_comes_last_with_its_remedy() -> None:
    console = Console(file=io.StringIO(), width=100)
    command.show(console, [BAD, GOOD])
    shown = console.file.getvalue().splitlines()  # type: ignore[attr-defined]  # the StringIO above

    assert [line.strip() for line in shown] == [
        "✓ disk: enough",
        "✗ port: 8080 is taken by process 7",
        "remedy: kill 7",
        "2 checks, 1 failed, 0 warnings",
    ]


@pytest.mark.parametrize(("found", "code"), [([GOOD], None), ([GOOD, BAD], 1)])
def test_a_failure_ends_with_1(
    found: list[Finding], code: int | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("infra.slipway.preflight.machine", lambda _: found)
    monkeypatch.setattr("infra.slipway.doctor.tools.check", list)
    monkeypatch.setattr("infra.slipway.doctor.command.cluster", lambda *_, **__: [])
    ended: int | None = None
    try:
        command.run(fakes.session(json=True))
    except typer.Exit as end:
        ended = end.exit_code

    assert ended == code
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["level"] for line in lines] == [finding.level for finding in found]


def test_a_context_that_does_not_answer_is_a_failure() -> None:
    one = fakes.session(cluster=fakes.FakeCluster(is_running=False), cluster_choice="context:x")

    (finding,) = command.cluster(one, now=NOW)

    assert (finding.level, finding.remedy) == ("fail", "make up")
