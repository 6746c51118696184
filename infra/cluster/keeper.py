"""Keeps one command running on the host: `kubectl port-forward` ends whenever its pod does.

Run detached as `python -S -m infra.cluster.keeper PIDFILE COMMAND...`; SIGTERM ends it and the command.
Only the standard library.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

BACKOFF_FIRST, BACKOFF_MOST, QUIET = 0.3, 10.0, 30.0
PR_SET_PDEATHSIG = 1


def start_ticks(pid: int) -> int:
    """When a process was started, in clock ticks since boot; 0 when there is no such process.

    With the process id it names a process for good, also after the id is used again.
    """
    try:
        return int(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19])
    except (OSError, IndexError, ValueError):
        return 0


def write_pid(file: Path) -> None:
    """Leave a name of this process that `read_pid` can judge."""
    file.write_text(f"{os.getpid()} {start_ticks(os.getpid())}", encoding="utf-8")


def read_pid(file: Path) -> int:
    """The process that wrote `file`, 0 when it is gone."""
    try:
        pid, ticks = (int(word) for word in file.read_text(encoding="utf-8").split())
    except (OSError, ValueError):
        return 0
    return pid if ticks and start_ticks(pid) == ticks else 0


def _end_with_parent() -> None:
    """Runs in the child: a `kill -9` of the keeper ends the command too."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def main(arguments: list[str]) -> int:
    """Run the command again and again until SIGTERM."""
    pid_file, command = Path(arguments[0]), arguments[1:]
    child: subprocess.Popen[bytes] | None = None
    stopping = threading.Event()

    def stop(_number: int, _frame: object) -> None:
        stopping.set()
        if child is not None:
            child.terminate()

    signal.signal(signal.SIGTERM, stop)
    write_pid(pid_file)
    pause = BACKOFF_FIRST
    while not stopping.is_set():
        began = time.monotonic()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=_end_with_parent)  # noqa: PLW1509 - one thread
        if stopping.is_set():  # told while it started: the handler knew the one before
            child.terminate()
        child.wait()
        pause = BACKOFF_FIRST if time.monotonic() - began > QUIET else min(pause * 2, BACKOFF_MOST)
        stopping.wait(pause)  # and not sleep, which a signal does not end
    pid_file.unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
