"""What people and programs see of a run."""

import io
import json

from rich.console import Console

from infra.slipway.events import Event
from infra.slipway.views import JsonView, LiveView, PlainView, seconds


def test_seconds_are_told_as_people_say_them() -> None:
    assert (seconds(4.2), seconds(185), seconds(None)) == ("4.2 s", "3 min 05 s", "?")


def test_a_piped_run_is_lines_with_the_time() -> None:
    output = io.StringIO()
    view = PlainView(output, clock=lambda: "12:00:00")
    view(Event(kind="plan", steps=("a", "image b"), total_remaining=90))
    view(Event(kind="started", step="a", remaining=60))
    view(Event(kind="still", step="a", message="compile", elapsed=20, remaining=40))
    view(Event(kind="done", step="a", message="139 MB", elapsed=61))
    view(Event(kind="failed", step="image b", elapsed=2))
    view(Event(kind="finished", elapsed=63))

    assert output.getvalue().splitlines() == [
        "12:00:00 2 steps, about 1 min 30 s",
        "12:00:00 a       start, about 1 min 00 s",
        "12:00:00 a       compile … 20.0 s, about 40.0 s left",
        "12:00:00 a       done in 1 min 01 s: 139 MB",
        "12:00:00 image b FAILED after 2.0 s",
        "12:00:00 done in 1 min 03 s",
    ]


def test_a_step_that_repeats_itself_is_quoted_now_and_then() -> None:
    output = io.StringIO()
    view = PlainView(output, clock=lambda: "12:00:00")
    for second in range(25):
        view(Event(kind="progress", step="a", message="0 of 1 pods", elapsed=second))
        view(Event(kind="progress", step="a", message="0 of 2 pods", elapsed=second))

    assert len(output.getvalue().splitlines()) == 2 * 3


def test_json_is_one_object_a_line_without_empty_fields() -> None:
    output = io.StringIO()
    JsonView(output)(Event(kind="progress", step="a", message="x", elapsed=1.5, share=0.5))

    assert json.loads(output.getvalue()) == {
        "event": "progress", "step": "a", "message": "x", "elapsed": 1.5, "share": 0.5
    }  # fmt: skip


def test_the_live_table_shows_state_elapsed_remaining_and_message() -> None:
    now = 100.0
    view = LiveView(clock=lambda: now)
    view(Event(kind="plan", steps=("build", "start"), total_remaining=80))
    view(Event(kind="started", step="build", remaining=60))
    now = 110.0
    view(Event(kind="progress", step="build", message="compile", elapsed=10, remaining=50, total_remaining=70))
    now = 115.0
    console = Console(file=io.StringIO(), width=100)
    console.print(view)
    shown = " ".join(console.file.getvalue().split())  # type: ignore[attr-defined]  # the StringIO above

    assert "▸ build" in shown
    assert "15.0 s" in shown
    assert "45.0 s left" in shown
    assert "compile" in shown
    assert "about 1 min 05 s left" in shown
    assert "· start" in shown


def test_a_failed_step_keeps_its_time_and_message_in_the_table() -> None:
    now = 0.0
    view = LiveView(clock=lambda: now)
    view(Event(kind="plan", steps=("build",)))
    view(Event(kind="started", step="build"))
    view(Event(kind="failed", step="build", message="no space", elapsed=7))
    now = 500.0
    console = Console(file=io.StringIO(), width=100)
    console.print(view)
    shown = " ".join(console.file.getvalue().split())  # type: ignore[attr-defined]  # the StringIO above

    assert "✗ build" in shown
    assert "7.0 s" in shown
    assert "no space" in shown
