"""Three ways to show a run of steps: a live table, lines with the time, or JSON lines."""

import dataclasses
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from infra.slipway.events import Event, Viewer

MARKS = {
    "waiting": ("·", "dim"),
    "running": ("▸", "cyan"),
    "done": ("✓", "green"),
    "failed": ("✗", "red"),
    "cancelled": ("-", "yellow"),
    "skipped": ("-", "dim"),
}
REPEATED = 10.0  # seconds
WIDTH_OF_PIPES = 200  # columns; rich takes a pipe for a screen of 80
RUNNING = ("started", "progress", "still")


def seconds(value: float | None) -> str:
    """`4.2 s`, `3 min 05 s`, or `?` for what is not known."""
    if value is None:
        return "?"
    return f"{value:.1f} s" if value < 60 else f"{int(value) // 60} min {int(value) % 60:02} s"


class PlainView:
    """One line an event with the wall clock, for pipes and CI logs."""

    def __init__(self, output: TextIO, *, clock: Callable[[], str] = lambda: time.strftime("%H:%M:%S")) -> None:
        self._output = output
        self._clock = clock
        self._said: dict[tuple[str, str], float] = {}
        self._width = 0

    def __call__(self, event: Event, /) -> None:
        """Print `event`; a step that repeats itself is quoted every REPEATED seconds only."""
        if event.kind == "progress":
            last = self._said.get((event.step, event.message))
            if last is not None and event.elapsed - last < REPEATED:
                return
            self._said[event.step, event.message] = event.elapsed
        if event.kind == "plan":
            self._width = max(map(len, event.steps), default=0)
            about = f", about {seconds(event.total_remaining)}" if event.total_remaining is not None else ""
            self._line(f"{len(event.steps)} step{'s' * (len(event.steps) != 1)}{about}")
        elif event.kind == "finished":
            self._line(f"done in {seconds(event.elapsed)}")
        else:
            self._line(f"{event.step:<{self._width}} {self._what(event)}")

    def _what(self, event: Event) -> str:
        words = {
            "started": "start" + (f", about {seconds(event.remaining)}" if event.remaining is not None else ""),
            "progress": event.message,
            "still": f"{event.message or 'working'} … {seconds(event.elapsed)}"
            + (f", about {seconds(event.remaining)} left" if event.remaining else ""),
            "done": f"done in {seconds(event.elapsed)}" + (f": {event.message}" if event.message else ""),
            "failed": f"FAILED after {seconds(event.elapsed)}",
            "cancelled": f"cancelled {event.message}".rstrip(),
            "skipped": "not run",
        }
        return words[event.kind]

    def _line(self, text: str) -> None:
        self._output.write(f"{self._clock()} {text}\n")
        self._output.flush()


class JsonView:
    """One JSON object a line, for programs."""

    def __init__(self, output: TextIO) -> None:
        self._output = output

    def __call__(self, event: Event, /) -> None:
        """Print `event`; fields that say nothing are left out."""
        told = {name: value for name, value in dataclasses.asdict(event).items() if value not in (None, "", ())}
        told["event"] = told.pop("kind")
        self._output.write(json.dumps(told) + "\n")
        self._output.flush()


@dataclasses.dataclass
class _Row:
    state: str = "waiting"
    started: float = 0.0
    elapsed: float = 0.0
    remaining: float | None = None
    message: str = ""


class LiveView:
    """A table that rich redraws: state, elapsed and remaining time and the last message of each step."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._rows: dict[str, _Row] = {}
        self._clock = clock
        self._total: float | None = None
        self._begun = clock()

    def __call__(self, event: Event, /) -> None:
        """Take `event` into the table."""
        if event.kind == "plan":
            self._rows = {name: _Row() for name in event.steps}
        if event.total_remaining is not None:
            self._total = event.total_remaining + self._clock() - self._begun
        if (row := self._rows.get(event.step)) is None:
            return
        row.state = "running" if event.kind in RUNNING else event.kind
        row.started = self._clock() - event.elapsed
        row.elapsed = event.elapsed
        row.remaining = None if event.remaining is None else self._clock() + event.remaining
        row.message = event.message or (row.message if row.state == "running" else "")

    def __rich__(self) -> Table:
        """The table as of now."""
        now = self._clock()
        table = Table(box=None, padding=(0, 1), show_header=False, expand=False)
        for _ in range(4):
            table.add_column(no_wrap=True)
        table.add_column(no_wrap=True, overflow="ellipsis")
        for name, row in self._rows.items():
            mark, style = MARKS[row.state]
            elapsed = now - row.started if row.state == "running" else row.elapsed
            left = "" if row.state != "running" or row.remaining is None else max(0.0, row.remaining - now)
            table.add_row(
                Text(mark, style=style),
                Text(name, style=style),
                "" if row.state in ("waiting", "skipped") else seconds(elapsed),
                f"{seconds(left)} left" if isinstance(left, float) else "",
                Text(row.message, style="dim"),
            )
        left = f", about {seconds(max(0.0, self._total - (now - self._begun)))} left" if self._total else ""
        table.add_row("", "", seconds(now - self._begun) + left)
        return table


def console() -> Console:
    """Standard output for tables: as wide as the screen, wider than that into a pipe."""
    made = Console(highlight=False, emoji=False)
    return made if made.is_terminal else Console(highlight=False, emoji=False, width=WIDTH_OF_PIPES)


@contextmanager
def viewer(*, as_json: bool) -> Iterator[Viewer]:
    """The viewer that suits standard output, for the time of the block."""
    if as_json:
        yield JsonView(sys.stdout)
        return
    screen = Console(emoji=False)
    if not screen.is_terminal:
        yield PlainView(sys.stdout)
        return
    live = LiveView()
    with Live(live, console=screen, refresh_per_second=4, transient=False):
        yield live
