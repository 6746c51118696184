"""The tier runner never calls red green, and never calls what did not run passed."""

import os
import signal
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from ci import parts, results, tiers
from ci.parts import Part
from ci.results import Counts, Result, Tier

OK = Part(name="fine", command=(sys.executable, "-c", "print('fine')"))
BAD = Part(name="broken", command=(sys.executable, "-c", "print('why it broke'); raise SystemExit(3)"))
HINDERED = Part(name="hindered", command=("false",), missing=lambda: "needs root")
WITHOUT_SUBJECT = Part(name="policies", command=("false",), missing=lambda: "no policy yet")


@pytest.fixture(autouse=True)
def _own_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiers, "OUT", tmp_path)
    monkeypatch.setattr(parts, "OUT", tmp_path)
    monkeypatch.setattr(tiers, "_ending", threading.Event())


def run(monkeypatch: pytest.MonkeyPatch, *members: Part) -> int:
    monkeypatch.setitem(parts.TIERS, "check", members)
    return tiers.main(["check"])


def test_all_green_is_0(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, OK) == 0
    assert "check passed" in capsys.readouterr().out.splitlines()[-1]


def test_one_red_part_is_1_and_its_output_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, OK, BAD) == 1
    shown = capsys.readouterr().out
    assert "why it broke" in shown
    assert "check failed" in shown.splitlines()[-1]


def test_a_part_without_subject_is_told_as_not_run_and_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, OK, WITHOUT_SUBJECT) == 0
    assert "not run: no policy yet" in capsys.readouterr().out


def test_a_tier_that_could_not_run_at_all_is_not_green(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, HINDERED) == tiers.MISSING


def test_an_unknown_tier_is_refused() -> None:
    assert tiers.main(["chekc"]) == tiers.BAD_INPUT


def test_pytest_without_a_test_is_not_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "test_nothing.py").write_text("")
    part = parts.pytest("empty", str(tmp_path), "-p", "no:cacheprovider")

    assert tiers.run(part).outcome == "not run"


def test_counts_come_from_the_run_itself(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(
        "import pytest\ndef test_a(): pass\ndef test_b(): assert False\n"
        "def test_c(): pytest.skip('not run: no chromium')\n"
    )
    part = parts.pytest("some", str(tmp_path), "-p", "no:cacheprovider")
    result = tiers.run(part)

    assert result.outcome == "failed"
    assert result.counts is not None
    assert (result.counts.passed, result.counts.failed, result.counts.skipped) == (1, 1, 1)
    assert result.counts.reasons == ("no chromium",)


def test_a_crashed_run_without_counts_is_no_success(tmp_path: Path) -> None:
    assert results.read(tmp_path / "none.xml") is None


def test_the_summary_names_tier_outcome_and_counts() -> None:
    tier = Tier("e2e", [Result("e2e", "passed", 9, counts=Counts(passed=3, skipped=1, seconds=9))])

    assert tier.summary().strip("= ") == "e2e passed: 3 passed, 1 skipped in 9.00s"


def test_every_part_of_every_tier_has_a_name_of_its_own() -> None:
    every = {part for name in ("check", "integration", "e2e") for part in parts.TIERS[name]}

    assert len({part.name for part in every}) == len(every)


def test_what_comes_first_is_over_before_the_others_begin(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    mark = tmp_path / "built"
    late = "import pathlib, sys; sys.exit(not pathlib.Path(sys.argv[1]).exists())"
    soon = "import pathlib, sys, time; time.sleep(0.5); pathlib.Path(sys.argv[1]).touch()"
    tests = Part(name="tests", command=(sys.executable, "-c", late, str(mark)))
    build = Part(name="build", command=(sys.executable, "-c", soon, str(mark)), first=True)

    assert run(monkeypatch, tests, build) == 0
    mark.unlink()
    assert run(monkeypatch, tests, replace(build, first=False)) == 1, "beside the others it would be too late"


@pytest.mark.parametrize(("gib", "side_by_side"), [(64, True), (7, False)])
def test_instances_run_side_by_side_where_memory_is_enough(
    monkeypatch: pytest.MonkeyPatch, gib: int, side_by_side: bool
) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=gib * 1024**3))
    monkeypatch.setattr(os, "cpu_count", lambda: 2)

    assert parts.at_once("e2e") == (2 if side_by_side else 1)
    assert parts.at_once("check") == 2


@pytest.mark.timeout(60)
def test_ctrl_c_ends_what_runs_and_starts_nothing_more(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    begun, after = tmp_path / "begun", tmp_path / "after"
    endless = Part(name="endless", command=("sh", "-c", f"touch {begun}; exec sleep 600"))
    later = Part(name="later", command=("touch", str(after)))
    monkeypatch.setattr(tiers, "at_once", lambda _: 1)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it

    def press() -> None:
        while not begun.exists():
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press, daemon=True).start()

    try:
        assert run(monkeypatch, endless, later) == tiers.INTERRUPTED
    finally:
        signal.signal(signal.SIGINT, before)
    assert capsys.readouterr().out.splitlines()[-1] == "interrupted"
    assert not after.exists()


def test_a_part_whose_turn_comes_while_all_end_does_not_start(tmp_path: Path) -> None:
    after = tmp_path / "after"
    tiers.end_all()

    assert tiers.run(Part(name="later", command=("touch", str(after)))).why == "interrupted"
    assert not after.exists()
