"""Estimates come from earlier runs and never stand in the way of a run."""

from pathlib import Path

from infra.slipway.timings import KEPT, Timings


def test_the_median_of_earlier_runs_is_the_estimate(tmp_path: Path) -> None:
    timings = Timings(tmp_path / "deep" / "timings.json")
    for seconds in (10.0, 300.0, 12.0):
        timings.add("build", seconds)
    timings.save()

    assert Timings(tmp_path / "deep" / "timings.json").estimates() == {"build": 12.0}


def test_only_the_last_runs_count(tmp_path: Path) -> None:
    timings = Timings(tmp_path / "timings.json")
    for seconds in [1000.0] * 10 + [5.0] * KEPT:
        timings.add("build", seconds)

    assert timings.estimates() == {"build": 5.0}


def test_a_damaged_file_costs_the_estimate_only(tmp_path: Path) -> None:
    for damage in ("{", "[1]", '{"a": 3}', '{"a": ["x"]}'):
        (tmp_path / "timings.json").write_text(damage)

        assert Timings(tmp_path / "timings.json").estimates() == {}


def test_a_place_that_cannot_be_written_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    Timings(tmp_path / "file" / "timings.json").save()

    assert (tmp_path / "file").is_file()
