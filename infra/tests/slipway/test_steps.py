"""Runs of steps: order, side by side, failure, deadline, interruption, progress."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.lib import process
from infra.lib.errors import Exit, SlipwayError
from infra.slipway import steps
from infra.slipway.events import Event
from infra.slipway.plan import Step, Work
from infra.slipway.timings import Timings


class Watcher:
    """Keeps all events; `on` reacts to one as it happens."""

    def __init__(self, on: Callable[[Event], None] = lambda _: None) -> None:
        self.events: list[Event] = []
        self._on = on

    def __call__(self, event: Event, /) -> None:
        self.events.append(event)
        self._on(event)

    def kinds(self, step: str) -> list[str]:
        return [event.kind for event in self.events if event.step == step]


def step(name: str, action: Callable[[Work], str | None], *needs: str, deadline: float = 30) -> Step:
    return Step(name=name, action=action, deadline=deadline, needs=needs)


def run(tmp_path: Path, *plan: Step, watcher: Watcher | None = None) -> Watcher:
    seen = watcher or Watcher()
    steps.execute(plan, viewer=seen, logs=tmp_path, timings=Timings(tmp_path / "timings.json"))
    return seen


def test_a_step_starts_after_all_it_needs(tmp_path: Path) -> None:
    ended: list[str] = []

    def act(name: str) -> Callable[[Work], str]:
        def action(_: Work) -> str:
            ended.append(name)
            return name

        return action

    run(tmp_path, step("c", act("c"), "b", "a"), step("b", act("b"), "a"), step("a", act("a")))

    assert ended == ["a", "b", "c"]


def test_independent_steps_run_side_by_side(tmp_path: Path) -> None:
    meeting = threading.Barrier(2, timeout=10)  # breaks when one has to end before the other begins

    def meet(_: Work) -> None:
        meeting.wait()

    seen = run(tmp_path, step("a", meet), step("b", meet))

    assert seen.kinds("a")[-1] == seen.kinds("b")[-1] == "done"


def test_progress_and_note_reach_the_viewer(tmp_path: Path) -> None:
    def action(work: Work) -> str:
        work.report("half way", done=0.5)
        return "3 objects"

    seen = run(tmp_path, step("a", action))

    assert [(e.kind, e.message, e.share) for e in seen.events if e.step == "a"] == [
        ("started", "", None),
        ("progress", "half way", 0.5),
        ("done", "3 objects", None),
    ]


def test_a_failure_names_the_step_and_keeps_hint_code_and_details(tmp_path: Path) -> None:
    def fail(_: Work) -> None:
        raise SlipwayError("Deployment x has no pods", hint="look", code=Exit.DEADLINE, details=("event",))

    seen = Watcher()
    with pytest.raises(SlipwayError, match="a: Deployment x has no pods") as caught:
        run(tmp_path, step("a", fail), step("b", lambda _: None, "a"), watcher=seen)

    assert (caught.value.hint, caught.value.code, caught.value.details) == ("look", Exit.DEADLINE, ("event",))
    assert seen.kinds("a")[-1] == "failed"
    assert seen.kinds("b") == ["skipped"]


def test_a_failure_ends_the_programs_of_the_other_steps(tmp_path: Path) -> None:
    started = threading.Event()

    def long(work: Work) -> None:
        started.set()
        process.run(["sleep", "600"], log=work.log, deadline=700)

    def fail(_: Work) -> None:
        started.wait(10)
        time.sleep(0.3)
        raise SlipwayError("no")

    begun = time.monotonic()
    seen = Watcher()
    with pytest.raises(SlipwayError, match="b: no"):
        run(tmp_path, step("a", long), step("b", fail), watcher=seen)

    assert time.monotonic() - begun < 10
    assert [(e.kind, e.message) for e in seen.events if e.step == "a"][-1] == ("cancelled", "")


def test_a_cancelled_step_ends_at_its_next_report(tmp_path: Path) -> None:
    begun, ended = threading.Event(), threading.Event()

    def talk(work: Work) -> None:
        begun.set()
        try:
            while True:
                work.report("still here")
                time.sleep(0.02)
        finally:
            ended.set()

    def fail(_: Work) -> None:
        begun.wait(10)
        raise SlipwayError("no")

    with pytest.raises(SlipwayError):
        run(tmp_path, step("a", talk), step("b", fail))

    assert ended.is_set()


def test_an_unexpected_error_is_one_line_and_its_traceback_is_in_the_log(tmp_path: Path) -> None:
    def broken(_: Work) -> None:
        raise KeyError("lost")

    with pytest.raises(SlipwayError, match="a: KeyError: 'lost'") as caught:
        run(tmp_path, step("a", broken))

    assert "Traceback" in (tmp_path / "step-a.log").read_text()
    assert str(tmp_path / "step-a.log") in caught.value.hint


def test_a_step_past_its_deadline_fails_with_what_it_last_said(tmp_path: Path) -> None:
    def hang(work: Work) -> None:
        work.report("wait for Godot")
        time.sleep(5)

    begun = time.monotonic()
    with pytest.raises(SlipwayError, match=r"a: not done after 0 s; last: wait for Godot") as caught:
        run(tmp_path, step("a", hang, deadline=0.4))

    assert caught.value.code == Exit.DEADLINE
    assert time.monotonic() - begun < 4


def test_an_interruption_cancels_what_runs(tmp_path: Path) -> None:
    def interrupt(event: Event) -> None:
        if event.kind == "progress":
            raise KeyboardInterrupt

    def long(work: Work) -> None:
        work.report("go")
        process.run(["sleep", "600"], log=work.log, deadline=700)

    seen = Watcher(interrupt)
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, step("a", long), step("b", lambda _: None, "a"), watcher=seen)

    assert time.monotonic() - begun < 20
    assert (seen.kinds("a")[-1], seen.kinds("b")) == ("cancelled", ["skipped"])


def test_a_silent_step_is_named_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "HEARTBEAT", 0.2)

    seen = run(tmp_path, step("a", lambda _: time.sleep(1)))

    assert "still" in seen.kinds("a")


def test_durations_become_the_next_estimate_and_failures_do_not(tmp_path: Path) -> None:
    def fail(_: Work) -> None:
        raise SlipwayError("no")

    with pytest.raises(SlipwayError):
        run(tmp_path, step("good", lambda _: time.sleep(0.3)), step("bad", fail, "good"))

    known = Timings(tmp_path / "timings.json").estimates()
    assert "bad" not in known
    assert 0.2 < known["good"] < 5


def test_a_plan_that_cannot_run_starts_nothing(tmp_path: Path) -> None:
    ran: list[str] = []
    with pytest.raises(ValueError, match="wait for one another"):
        run(tmp_path, step("a", lambda _: ran.append("a"), "b"), step("b", lambda _: None, "a"))

    assert ran == []
