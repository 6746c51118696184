"""More than one `up`, and an `up` that is killed."""

import fcntl
import subprocess
from pathlib import Path

from infra.verify.bed import Bed, kill_group
from infra.verify.faults.fault import Fault, Site, hold, told

# From which state the killed `up` starts, and within how many seconds it is killed.
FROM_STOPPED = 25.0
FROM_NOTHING = 80.0


def two_ups(site: Site) -> None:
    """A second `up` while the first one works."""
    bed = site.bed
    first = bed.start("up", "--yes", "--json")
    try:
        bed.wait("the first up holds the lock", lambda: held(bed.instance.lock), deadline=30, every=0.02)
        second = bed.call("up", "--yes", via=site.defect, deadline=120)
        hold(first.poll() is None or second.code == 3, "the first up was over: the test has no subject")
        told(second, f"process {first.pid}", "up", code=3, within=15)
        out, err = first.communicate(timeout=300)
        hold(first.returncode == 0, f"the first up failed: {out[-2000:]}{err[-2000:]}")
    finally:
        kill_group(first)
        first.communicate()


def up_killed(site: Site) -> None:
    """`kill -9` of `up` at a random point, then `up` again: it converges and nothing is lost.

    Even rounds begin with a stopped instance that holds a todo, odd ones with nothing at all.
    """
    bed, from_stopped = site.bed, site.number % 2 == 0
    todo = ""
    if from_stopped:
        bed.up()
        todo = bed.api().add(f"before the kill {site.number}")
    after = site.random.uniform(0.5, FROM_STOPPED if from_stopped else FROM_NOTHING)
    while not _killed_at_work(bed, after, from_stopped=from_stopped, defect=site.defect):
        after /= 2  # it had ended by then: nothing was interrupted
    try:
        done = bed.call("up", "--yes", "--json", via=site.defect)
        hold(done.code == 0, f"killed after {after:.1f} s, the next up does not converge: {done.text}")
        settled(bed)
        hold(not todo or bed.api().has(todo), "a todo is lost")
    finally:
        bed.instance.lock.with_suffix(".exists").unlink(missing_ok=True)


def _killed_at_work(bed: Bed, after: float, *, from_stopped: bool, defect: str) -> bool:
    """Start `up` and kill it after so many seconds; False when it had ended before."""
    bed.call(*(["stop"] if from_stopped else ["down", "--yes"]), deadline=180)
    victim = bed.start("up", "--yes", "--json", via=defect)
    try:
        victim.communicate(timeout=after)
    except subprocess.TimeoutExpired:
        return True
    finally:
        kill_group(victim)
        victim.communicate()
    return False


def settled(bed: Bed) -> None:
    """Every pod is healthy, now or within three minutes."""
    bed.wait(f"healthy pods, not {bed.unhealthy()}", lambda: not bed.unhealthy(), deadline=180)


def held(lock: Path) -> bool:
    """Whether somebody holds the lock; taking it for an instant is how the kernel lets one ask."""
    if not lock.exists():
        return False
    with lock.open("r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


TWO_UPS = Fault(
    id="two-ups",
    title="two `up` at once",
    promise="the second ends with exit 3 and names the first; the first succeeds",
    tier="bed",
    defect="lock-ignored",
    probe=two_ups,
)
UP_KILLED = Fault(
    id="up-killed",
    title="`kill -9` of `up` at a random point",
    promise="the next `up` converges: healthy pods, todos kept",
    tier="bed",
    defect="lock-outlives-holder",
    probe=up_killed,
)
