"""Run a plan: independent steps side by side, each with progress, a deadline and a log file of its own."""

import contextlib
import queue
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from infra.lib import process
from infra.lib.errors import Exit, SlipwayError
from infra.slipway.events import Event, Kind, Viewer
from infra.slipway.plan import Step, Work, check, remaining
from infra.slipway.timings import Timings

HEARTBEAT = 10.0  # seconds of silence after which a running step is named again
TICK = 0.25
GRACE = 15.0  # seconds that cancelled steps get to notice


class StepCancelledError(BaseException):
    """Raised inside a step that goes on after the run was given up; no `except Exception` may swallow it."""


class _FailedError(Exception):
    """A step's failure on its way to the end of the run."""

    def __init__(self, step: str, error: SlipwayError) -> None:
        super().__init__(error.message)
        self.step = step
        self.error = error


@dataclass
class _Running:
    step: Step
    started: float
    thread: threading.Thread
    said: float
    message: str = ""


@dataclass(frozen=True)
class _Message:
    """From a step's thread to the runner: progress, or the end with a note or an error."""

    name: str
    text: str = ""
    share: float | None = None
    ended: bool = False
    error: BaseException | None = None


@dataclass
class _Run:
    """State of one run; only the thread that called `execute` changes it."""

    steps: Sequence[Step]
    viewer: Viewer
    logs: Path
    timings: Timings
    clock: Callable[[], float]
    messages: "queue.SimpleQueue[_Message]" = field(default_factory=queue.SimpleQueue)
    cancelled: threading.Event = field(default_factory=threading.Event)
    running: dict[str, _Running] = field(default_factory=dict)
    finished: set[str] = field(default_factory=set)

    def log(self, name: str) -> Path:
        return self.logs / f"step-{name.replace(' ', '-')}.log"

    def show(self, running: _Running, kind: Kind, message: str = "", share: float | None = None) -> None:
        now = self.clock()
        running.said = now
        elapsed = now - running.started
        estimates = self.timings.estimates()
        known = estimates.get(running.step.timing)
        self.viewer(
            Event(
                kind=kind,
                step=running.step.name,
                message=message,
                elapsed=elapsed,
                remaining=None if known is None else max(0.0, known - elapsed),
                total_remaining=self.total(estimates),
                share=share,
                log=str(self.log(running.step.name)),
            )
        )

    def total(self, estimates: dict[str, float]) -> float | None:
        now = self.clock()
        elapsed = {name: now - running.started for name, running in self.running.items()}
        return remaining(self.steps, estimates=estimates, elapsed=elapsed, finished=frozenset(self.finished))

    def start_ready(self) -> None:
        for step in self.steps:
            if step.name in self.running or step.name in self.finished or not self.finished.issuperset(step.needs):
                continue
            thread = threading.Thread(target=self.act, args=(step,), name=f"step {step.name}", daemon=True)
            now = self.clock()
            self.running[step.name] = _Running(step, now, thread, now)
            self.show(self.running[step.name], "started")
            thread.start()

    def act(self, step: Step) -> None:
        """In the step's own thread."""

        def report(message: str, /, *, done: float | None = None) -> None:
            if self.cancelled.is_set():
                raise StepCancelledError
            self.messages.put(_Message(step.name, message, done))

        try:
            note = step.action(Work(report, self.log(step.name)))
        except BaseException as error:  # noqa: BLE001 - handed to the runner's thread, which raises it
            self.messages.put(_Message(step.name, ended=True, error=error))
        else:
            self.messages.put(_Message(step.name, note or "", ended=True))

    def take(self, message: _Message) -> None:
        running = self.running[message.name]
        if not message.ended:
            running.message = message.text
            self.show(running, "progress", message.text, message.share)
            return
        if message.error is not None:
            error = _readable(message.error, running.step, self.log(message.name))
            raise _FailedError(message.name, error) from message.error
        self.timings.add(running.step.timing, self.clock() - running.started)
        self.finished.add(message.name)
        self.show(running, "done", message.text)
        del self.running[message.name]

    def watch(self) -> None:
        """Say who is still at work, and give up on a step that is past its deadline."""
        now = self.clock()
        for running in self.running.values():
            if now - running.started > running.step.deadline:
                raise _FailedError(running.step.name, _overdue(running, self.log(running.step.name)))
            if now - running.said >= HEARTBEAT:
                self.show(running, "still", running.message)

    def cancel(self, failed: str) -> None:
        """Make the other running steps end: their programs now, themselves at their next report."""
        self.cancelled.set()
        others = [running for name, running in self.running.items() if name != failed]
        until = time.monotonic() + GRACE
        process.end_all()
        while any(running.thread.is_alive() for running in others) and time.monotonic() < until:
            time.sleep(TICK)
            process.end_all()  # a step may have started its next program before it noticed
        for running in others:
            self.show(running, "cancelled", "has not ended yet" if running.thread.is_alive() else "")
        for step in self.steps:
            if step.name not in self.finished and step.name not in self.running:
                self.viewer(Event(kind="skipped", step=step.name))


def execute(
    steps: Sequence[Step],
    *,
    viewer: Viewer,
    logs: Path,
    timings: Timings,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Run all steps in the order of their needs; raise the first failure after the others have ended.

    KeyboardInterrupt (also from SIGTERM, see `infra.slipway.cli`) cancels in the same way.
    """
    check(steps)
    run = _Run(steps, viewer, logs, timings, clock)
    viewer(Event(kind="plan", steps=tuple(step.name for step in steps), total_remaining=run.total(timings.estimates())))
    begun = clock()
    try:
        while len(run.finished) < len(steps):
            run.start_ready()
            with contextlib.suppress(queue.Empty):  # nobody had anything to say
                run.take(run.messages.get(timeout=TICK))
            run.watch()
    except _FailedError as failure:
        run.show(run.running[failure.step], "failed", failure.error.message)
        run.cancel(failure.step)
        raise failure.error from failure.__cause__
    except BaseException:
        run.cancel("")
        raise
    finally:
        timings.save()
    viewer(Event(kind="finished", elapsed=clock() - begun))


def _overdue(running: _Running, log: Path) -> SlipwayError:
    step = running.step
    return SlipwayError(
        f"{step.name}: not done after {step.deadline:.0f} s"
        + (f"; last: {running.message}" if running.message else ""),
        hint=f"less {log}",
        code=Exit.DEADLINE,
        details=process.tail(log),
    )


def _readable(error: BaseException, step: Step, log: Path) -> SlipwayError:
    """The error in the user's terms, with the step's name; a traceback goes to the step's log only."""
    if isinstance(error, SlipwayError):
        told = error.message if error.message.startswith(f"{step.name}: ") else f"{step.name}: {error.message}"
        return SlipwayError(told, hint=error.hint or f"less {log}", code=error.code, details=error.details)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as file:
        file.writelines(traceback.format_exception(error))
    return SlipwayError(f"{step.name}: {type(error).__name__}: {error}", hint=f"less {log}")
