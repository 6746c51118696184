"""Result files keep what a partial run did not measure, and the tables say what the file says."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from infra.lib.errors import SlipwayError
from infra.verify.bench import rows
from infra.verify.bench.__main__ import RESULTS, SHOWN_IN
from infra.verify.bench.figure import Figure, Goal, Value
from infra.verify.bench.registry import FIGURES, GROUPS, ROW_IDS
from infra.verify.provenance import Provenance
from infra.verify.results import Row, between, choose, markers, merge, read

HERE = Provenance(
    cores=2, memory_gib=24, kernel="6.1", load=0.1, commit="abc", dirty=False, date="2026-11-20T00:00:00+00:00"
)
FIGURE = Figure(
    id="speed",
    group="app",
    title="a figure",
    goals=(Goal(id="speed", unit="s", at_most=10, limit="0"), Goal(id="twin", unit="x", at_least=1, limit="0")),
    measure=lambda _: {},
)


def measured(speed: float | None, twin: float = 1.0, note: str = "") -> list[Row]:
    return rows.rows(FIGURE, {"speed": Value(value=speed, note=note), "twin": Value(value=twin)}, HERE)


def test_a_goal_is_met_up_to_its_bound_and_not_beyond() -> None:
    assert [row["met"] for row in measured(10.0, 1.0)] == [True, True]
    assert [row["met"] for row in measured(10.1, 0.0)] == [False, False]


def test_what_was_not_run_is_neither_met_nor_missed_and_says_why() -> None:
    row = measured(None, note="no Pulumi CLI")[0]
    assert row["met"] is None
    assert "not run: no Pulumi CLI" in rows.plain([row])


def test_a_goal_without_a_value_is_an_error_not_a_silent_gap() -> None:
    with pytest.raises(ValueError, match="twin"):
        rows.rows(FIGURE, {"speed": Value(value=1.0)}, HERE)


def test_a_missed_goal_is_explained_in_the_table() -> None:
    text = rows.markdown(measured(11.0, note="the build of etcd"))
    assert "`speed` misses its goal: the build of etcd" in text
    assert "| `speed` | 11 s | ≤ 10 s | no | abc | 2026-11-20 |" in text


def test_a_miss_on_a_busy_machine_says_so_and_a_hit_does_not() -> None:
    busy = replace(HERE, load=3.0)
    missed, met = rows.rows(FIGURE, {"speed": Value(value=11.0), "twin": Value(value=1.0)}, busy)
    assert missed["note"] == "the machine was busy: load 3 before"
    assert met["note"] == ""


def test_a_partial_run_keeps_the_other_rows_and_their_order(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    merge(file, measured(1.0), order=["speed", "twin"])
    merge(file, measured(2.0)[:1], order=["speed", "twin"])
    assert [(row["id"], row["value"]) for row in read(file)] == [("speed", 2.0), ("twin", 1.0)]
    merge(file, [], order=["twin"])
    assert [row["id"] for row in read(file)] == ["twin"], "a figure that is gone leaves no row"


def test_a_file_that_is_no_result_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    file.write_text(json.dumps({"rows": [{"name": "x"}]}), encoding="utf-8")
    with pytest.raises(SlipwayError, match="no result file"):
        read(file)


def test_a_block_is_replaced_between_its_markers_only() -> None:
    begin, end = markers("figures")
    text = f"a\n{begin}\nold\n{end}\nb"
    assert between(text, "new", name="figures") == f"a\n{begin}\nnew\n{end}\nb"
    assert between(between(text, "new", name="figures"), "new", name="figures") == between(text, "new", name="figures")
    with pytest.raises(SlipwayError, match="missing"):
        between("a", "new", name="figures")


def test_ids_and_groups_are_chosen_and_unknown_ones_refused() -> None:
    groups = {"both": ("a", "b")}
    assert choose(["a", "b", "c"], ["both", "b"], groups=groups, name="BENCH") == ["a", "b"]
    with pytest.raises(SlipwayError, match="BENCH=d"):
        choose(["a", "b"], ["d"], groups=groups, name="BENCH")


def test_every_figure_of_the_registry_can_be_named() -> None:
    assert len(set(ROW_IDS)) == len(ROW_IDS)
    known = [figure.id for figure in FIGURES]
    for name in [*ROW_IDS, "disk", "app", "platform"]:
        assert choose(known, [name], groups=GROUPS, name="BENCH"), name


@pytest.mark.parametrize("file", SHOWN_IN, ids=lambda file: str(file.parent.name))
def test_the_table_of_figures_is_the_one_generated_from_the_file(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert between(text, rows.markdown(read(RESULTS)), name="figures") == text, (
        "run: python -m infra.verify.bench --readme"
    )
