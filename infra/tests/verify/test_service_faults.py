"""The service's fault tests become rows: a failing, a toothless and a missing one are red."""

import time
from pathlib import Path

import pytest

from infra.lib.report import silent
from infra.verify.faults import service
from infra.verify.faults.__main__ import IDS, _green
from infra.verify.results import Row

MODULE = """
import json, os

def verdict(*, twin, n, failures):
    row = dict(id="R99", title="t", promise="p", defect="d", twin=twin, n=n, failures=failures, seed=1, note="")
    with open(os.environ["SLIPWAY_FAULT_ROWS"], "a", encoding="utf-8") as file:
        file.write(json.dumps(row) + chr(10))

def test_promise_holds():
    verdict(twin=False, n=300, failures={broken})
    assert not {broken}, "the promise broke"

def test_defect_turns_it_red():
    verdict(twin=True, n=30, failures={seen})
    assert {seen}, "stays green"
"""


def row_of(folder: Path, *, broken: int = 0, seen: int = 1) -> Row:
    (folder / "test_r99_probe.py").write_text(MODULE.format(broken=broken, seen=seen), encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    return service.service_row("R99", reduced=True, seed=7, report=silent, folder=folder)


def test_a_promise_that_holds_and_a_twin_with_teeth_are_green(tmp_path: Path) -> None:
    row = row_of(tmp_path)
    assert (row["n"], row["failures"], row["bound"], row["teeth"], row["seed"]) == (300, 0, 0.01, "1/1", 7)
    assert (row["title"], row["promise"], row["defect"]) == ("t", "p", "d")
    assert _green(row)


def test_a_broken_promise_is_red_and_says_why(tmp_path: Path) -> None:
    row = row_of(tmp_path, broken=3)
    assert (row["failures"], row["bound"]) == (3, None)
    assert "the promise broke" in row["note"]
    assert not _green(row)


def test_a_twin_without_teeth_is_red(tmp_path: Path) -> None:
    row = row_of(tmp_path, seen=0)
    assert (row["failures"], row["teeth"]) == (0, "0/1")
    assert not _green(row)


def test_a_missing_and_a_crashing_module_are_red(tmp_path: Path) -> None:
    missing = service.service_row("R99", reduced=True, seed=1, report=silent, folder=tmp_path)
    assert "found none" in missing["note"]
    (tmp_path / "test_r99_probe.py").write_text("raise OSError('no such thing')", encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    crashed = service.service_row("R99", reduced=True, seed=1, report=silent, folder=tmp_path)
    for row in (missing, crashed):
        assert (row["n"], row["failures"], row["bound"]) == (0, 1, None)
        assert not _green(row)


@pytest.mark.parametrize("name", service.IDS)
def test_every_fault_of_the_service_can_be_named(name: str) -> None:
    assert name in IDS


def test_each_has_its_rounds_and_the_time_they_take() -> None:
    for name, entry in service.COUNTS.items():
        assert set(entry) == {"reduced", "full", "seconds"}, name
        assert 1 <= entry["reduced"] <= entry["full"], name
        assert 0 < entry["seconds"] < service.DEADLINE, name


def test_a_broken_one_does_not_keep_the_next_from_running(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "test_r98_probe.py").write_text("raise OSError('no such thing')", encoding="utf-8")
    green = row_of(tmp_path)
    honest = service.service_row
    monkeypatch.setattr(service, "service_row", lambda name, **named: honest(name, **named, folder=tmp_path))

    rows = list(service.service_rows(["R98", "R99"], reduced=True, seed=7, report=silent))

    assert [(row["id"], row["failures"], row["n"]) for row in rows] == [("R98", 1, 0), ("R99", 0, green["n"])]


def test_elapsed_and_remaining_time_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "COUNTS", {"R98": {"seconds": 90}, "R99": {"seconds": 61}})
    lines: list[str] = []

    with service.told("R98", ["R99"], reduced=False, report=lambda line, **_: lines.append(line), tick=0.01):
        time.sleep(0.2)

    assert lines[0] == "R98: 0:00 of about 1:30, about 2:30 left for 2"
