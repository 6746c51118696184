"""Run tiers of the gate: `python -m ci.tiers check integration e2e`. Ends with one summary line a tier.

Exit codes: 0 all green, 1 something failed, 2 unknown tier, 4 a whole tier could not run here.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ci.parts import NOTHING_COLLECTED, OUT, TIERS, Part, at_once
from ci.results import Result, Tier, read

HEARTBEAT = 30.0  # seconds after which a silent tier names what it is waiting for
TAIL = 80  # lines of a failed part's output that are shown; the file has all
FAILED, BAD_INPUT, MISSING, INTERRUPTED = 1, 2, 4, 130

_running: dict[str, subprocess.Popen[bytes]] = {}
_lock = threading.Lock()
_ending = threading.Event()


def run(part: Part) -> Result:
    """Run one part to its end; its output goes to a file, and to the screen when it fails."""
    if why := part.missing():
        return _tell(Result(part.name, "not run", why=why))
    if part.junit is not None:
        part.junit.unlink(missing_ok=True)
    log = OUT / f"{part.name.replace(' ', '-')}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    with log.open("wb") as output:
        # TERM=dumb and no TTY: what is captured stays readable in a CI log.
        with _lock:  # what starts is known to `end_all`, or does not start any more
            if _ending.is_set():
                return Result(part.name, "not run", why="interrupted")
            child = _running[part.name] = subprocess.Popen(
                part.command, cwd=part.cwd, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                start_new_session=True, env={**os.environ, "TERM": "dumb", "COLUMNS": "160"},
            )  # fmt: skip
        code = child.wait()
        with _lock:
            _running.pop(part.name, None)
    seconds = time.monotonic() - started
    counts = read(part.junit) if part.junit is not None else None
    if part.junit is not None and code == NOTHING_COLLECTED:
        return _tell(Result(part.name, "not run", seconds, "no test of this tier yet"))
    if code != 0:
        return _tell(Result(part.name, "failed", seconds, f"exit {code}, {log}", counts), log)
    return _tell(Result(part.name, "passed", seconds, counts=counts))


def _tell(result: Result, log: Path | None = None) -> Result:
    words = {"passed": "ok", "failed": "FAILED", "not run": f"not run: {result.why}"}
    counts = f"  {result.counts}" if result.counts else ""
    with _lock:
        print(
            f"{time.strftime('%H:%M:%S')}  {result.name:<16} {result.seconds:6.1f} s  {words[result.outcome]}{counts}"
        )
        if log is not None:
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
            print("\n".join(f"    {line}" for line in lines[-TAIL:]))
        sys.stdout.flush()
    return result


def tier(name: str) -> Tier:
    """All parts of a tier, side by side where they do not disturb one another."""
    parts = TIERS[name]
    workers = at_once(name)
    print(f"{time.strftime('%H:%M:%S')}  {name}: {len(parts)} parts, {workers} at a time", flush=True)
    with ThreadPoolExecutor(workers) as pool:
        try:
            phases = [_phase(pool, [part for part in parts if part.first is first]) for first in (True, False)]
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            end_all()  # the pool waits for them
            raise
        return Tier(name, [result for phase in phases for result in phase])


def _phase(pool: ThreadPoolExecutor, parts: Sequence[Part]) -> list[Result]:
    """The results of parts that may run side by side."""
    pending = [pool.submit(run, part) for part in parts]
    quiet_since = time.monotonic()
    while not all(future.done() for future in pending):
        time.sleep(0.2)
        if time.monotonic() - quiet_since > HEARTBEAT:
            quiet_since = time.monotonic()
            with _lock:
                print(f"{time.strftime('%H:%M:%S')}  running: {', '.join(_running)}", flush=True)
    return [future.result() for future in pending]


def report(tiers: Sequence[Tier]) -> int:
    """The table of all parts, what was skipped and why, and a summary line for each tier; the exit code."""
    print(f"\n{'tier':<12} {'part':<16} {'outcome':<8} {'seconds':>8}")
    for one in tiers:
        for result in one.results:
            print(f"{one.name:<12} {result.name:<16} {result.outcome:<8} {result.seconds:8.1f}  {result.why}")
    for one in tiers:
        for reason in sorted(set(one.counts.reasons)):
            print(f"{one.name}: not run: {reason} ({one.counts.reasons.count(reason)} tests)")
    for one in tiers:
        print(one.summary())
    outcomes = {one.outcome for one in tiers}
    if "failed" in outcomes:
        return FAILED
    # A tier without a subject is no failure of this machine; one that is hindered is.
    hindered = [result for one in tiers for result in one.results if result.why and one.outcome == "not run"]
    return MISSING if any("yet" not in result.why for result in hindered) else 0


def main(names: Sequence[str]) -> int:
    """Run the named tiers one after the other, all of them even when one fails."""
    if not names or (unknown := [name for name in names if name not in TIERS]):
        print(f"usage: ci.tiers {'|'.join(TIERS)} …; unknown: {', '.join(unknown) if names else 'none named'}")
        return BAD_INPUT
    done: list[Tier] = []
    try:
        for name in names:
            done.append(tier(name))  # noqa: PERF401 - what is done must survive an interruption
    except KeyboardInterrupt:
        report(done)
        print("interrupted")
        return INTERRUPTED
    return report(done)


def end_all() -> None:
    """End the parts that still run, with their children; tests clean up on SIGINT as on Ctrl-C."""
    with _lock:
        _ending.set()
    for kind in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        with _lock:
            running = list(_running.values())
        for child in running:
            try:
                os.killpg(child.pid, kind)
            except ProcessLookupError:
                continue
        until = time.monotonic() + 20
        while time.monotonic() < until and any(child.poll() is None for child in running):
            time.sleep(0.1)


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _interrupt)
    raise SystemExit(main(sys.argv[1:]))
