"""One supervised process: how it is started, and when it is started again."""

import os
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.cluster.embedded import cgroups

BACKOFF_FIRST, BACKOFF_MOST, QUIET = 0.5, 30.0, 60.0
LOG_BYTES = 8 * 1024 * 1024


@dataclass
class Child:
    """State of one component; times are seconds of the monotonic clock, `since` of the epoch."""

    name: str
    command: list[str]
    program: Path
    cgroup: str
    log: Path
    probe: str = ""
    after: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    listen: tuple[str, int] | None = None
    listener: int | None = None
    pid: int = 0
    gate: int = 0
    state: str = "waiting"
    message: str = ""
    restarts: int = 0
    since: float = field(default_factory=time.time)
    started: float = 0.0
    pause: float = BACKOFF_FIRST
    next_start: float = 0.0

    def enter(self, state: str, message: str = "") -> None:
        """Note a change of state."""
        self.state, self.message, self.since = state, message, time.time()

    def spawn(self, used: tuple[cgroups.Hierarchy, ...], *, now: float) -> None:
        """Start the process in its control group, its output appended to its log."""
        self.started = now
        pid = os.fork()
        if pid:
            self.pid = pid
            self.enter("starting" if self.probe else "running")
            return
        try:
            self._become(used)
        except OSError as error:
            os.write(2, f"{self.name}: {error}\n".encode())
        os._exit(127)

    def _become(self, used: tuple[cgroups.Hierarchy, ...]) -> None:
        os.setsid()
        cgroups.join(used, self.cgroup)
        output = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
        silence = os.open(os.devnull, os.O_RDONLY)
        os.dup2(silence, 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        if self.listener is not None:
            os.dup2(self.listener, 3, inheritable=True)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.execve(self.program, self.command, {**os.environ, **self.env})  # noqa: S606 - the plan names it

    def ended(self, status: int, *, now: float, last: bool = False) -> None:
        """Plan the next start, unless this is the `last` end: 0.5 s, doubled to 30 s, anew after a quiet minute."""
        code = os.waitstatus_to_exitcode(status)
        reason = f"ended with {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"
        if now - self.started > QUIET:
            self.pause = BACKOFF_FIRST
        self.pid = 0
        if last:
            self.enter("stopped", reason)
            return
        self.restarts += 1
        self.next_start = now + self.pause
        self.enter("backoff", f"{reason}; next start in {self.pause:.1f} s")
        self.pause = min(self.pause * 2, BACKOFF_MOST)

    def signal(self, number: int) -> None:
        """Send a signal if the process lives."""
        if self.pid:
            os.kill(self.pid, number)

    def bound_log(self) -> None:
        """Keep the log below LOG_BYTES: the older half moves to `<log>.1`. O_APPEND writers notice nothing."""
        if self.log.is_file() and self.log.stat().st_size > LOG_BYTES:
            content = self.log.read_bytes()
            self.log.with_name(self.log.name + ".1").write_bytes(content)
            os.truncate(self.log, 0)

    def public(self) -> dict[str, Any]:
        """What the status file tells."""
        return {
            "name": self.name,
            "state": self.state,
            "pid": self.pid,
            "restarts": self.restarts,
            "since": self.since,
            "message": self.message,
            "cgroup": self.cgroup,
            "log": str(self.log),
        }
