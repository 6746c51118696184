"""Run a program to its end: output to a log file, a deadline, and a failure that can be read."""

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from infra.lib.errors import Exit, SlipwayError

TAIL_LINES = 15

_children: set[subprocess.Popen[bytes]] = set()
_children_lock = threading.Lock()


def run(
    command: Sequence[str | Path],
    *,
    log: Path,
    deadline: float,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    hint: str = "",
) -> None:
    """Append the program's output to `log`; raise with its last lines if it fails or outlives `deadline` seconds.

    The program gets a process group of its own, so that its children end with it, and ends with us
    even when we are killed.
    """
    words = [str(word) for word in command]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        output.write(f"\n$ {' '.join(words)}\n".encode())
        output.flush()
        try:
            child = subprocess.Popen(
                [*_mortal(words[0]), *words],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(env or {})},
                cwd=cwd,
                start_new_session=True,
            )
        except FileNotFoundError as error:
            raise SlipwayError(f"{words[0]} is not installed", hint="make tools", code=Exit.MISSING) from error
        with _children_lock:
            _children.add(child)
        try:
            code = child.wait(timeout=deadline)
        except subprocess.TimeoutExpired as error:
            _end(child)
            raise SlipwayError(
                f"`{words[0]}` did not finish within {deadline:.0f} s",
                hint=hint or f"less {log}",
                code=Exit.DEADLINE,
                details=tail(log),
            ) from error
        except BaseException:
            _end(child)
            raise
        finally:
            with _children_lock:
                _children.discard(child)
    if code != 0:
        raise SlipwayError(f"`{' '.join(words[:4])}` ended with {code}", hint=hint or f"less {log}", details=tail(log))


def capture(command: Sequence[str | Path], *, deadline: float = 60, env: Mapping[str, str] | None = None) -> str:
    """Standard output of a short program; raise with its standard error if it fails."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=deadline,
            env={**os.environ, **(env or {})},
            check=False,
        )
    except FileNotFoundError as error:
        raise SlipwayError(f"{words[0]} is not installed", hint="make tools", code=Exit.MISSING) from error
    except subprocess.TimeoutExpired as error:
        raise SlipwayError(f"`{words[0]}` did not answer within {deadline:.0f} s", code=Exit.DEADLINE) from error
    if done.returncode != 0:
        raise SlipwayError(
            f"`{' '.join(words[:4])}` ended with {done.returncode}",
            details=tuple(done.stderr.strip().splitlines()[-TAIL_LINES:]),
        )
    return done.stdout


def end_all(*, grace: float = 10.0) -> None:
    """End every program that `run` waits for in any thread: politely, and by force after `grace` seconds.

    Their `run` calls then raise. For a run that is given up or interrupted.
    """
    with _children_lock:
        children = list(_children)
    for child in children:
        _signal(child, signal.SIGTERM)
    until = time.monotonic() + grace
    while any(child.poll() is None for child in children) and time.monotonic() < until:
        time.sleep(0.05)
    for child in children:
        if child.poll() is None:
            _signal(child, signal.SIGKILL)


def tail(log: Path, lines: int = TAIL_LINES) -> tuple[str, ...]:
    """The last lines of a log file, empty when there is none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 64 * 1024))
            return tuple(file.read().decode(errors="replace").splitlines()[-lines:])
    except OSError:
        return ()


def _mortal(program: str) -> list[str]:
    """What makes the kernel end the program when the thread that waits for it is gone (`kill -9` of us)."""
    if shutil.which(program) is None or (setpriv := shutil.which("setpriv")) is None:
        return []
    return [setpriv, "--pdeathsig", "TERM", "--"]


def _end(child: subprocess.Popen[bytes]) -> None:
    for kind in (signal.SIGTERM, signal.SIGKILL):
        _signal(child, kind)
        try:
            child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            continue
        return


def _signal(child: subprocess.Popen[bytes], kind: signal.Signals) -> None:
    try:
        os.killpg(child.pid, kind)
    except ProcessLookupError:
        return
