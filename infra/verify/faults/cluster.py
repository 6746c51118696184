"""Parts of a running instance die."""

import contextlib
import os
import signal
from collections.abc import Iterator

from infra.cluster import Component, select
from infra.verify.bed import Bed
from infra.verify.faults.concurrency import settled
from infra.verify.faults.fault import Fault, Site, hold
from infra.verify.traffic import traffic

RESTARTED = 30.0
# The forwarder carries the connections themselves: while it is away, they fail.
CARRIES_TRAFFIC = "forward"
RATE = 20.0


def components(bed: Bed) -> dict[str, Component]:
    """The instance's supervised processes by name."""
    return {each.name: each for each in select("embedded", bed.instance).info().components}


def component_killed(site: Site) -> None:
    """`kill -9` of one component under traffic: it is back within 30 s, and requests go on being answered."""
    bed = site.bed
    before = components(bed)
    victim = before[sorted(before)[site.number % len(before)]]
    hold(victim.pid, f"{victim.name} does not run: the test has no subject")
    with _supervisor_stopped(bed, site.defect), traffic(bed, rate=RATE) as seen:
        os.kill(victim.pid, signal.SIGKILL)

        def back() -> bool:
            now = components(bed).get(victim.name)
            return now is not None and now.pid not in {0, victim.pid} and now.restarts > victim.restarts

        try:
            bed.wait(f"{victim.name} restarted", back, deadline=RESTARTED if not site.defect else 10.0)
        except AssertionError as error:
            hold(False, str(error))  # noqa: FBT003 - the promise that broke, not a flag
    if not victim.name.startswith(CARRIES_TRAFFIC):
        hold(
            seen.failures == 0, f"{seen.failures} of {seen.sent} requests failed without {victim.name}: {seen.examples}"
        )
    hold(seen.sent >= RATE, f"only {seen.sent} requests were sent")
    bed.wait("the service answers", lambda: bed.api().call("GET", "/todos").status == 200, deadline=RESTARTED)
    bed.wait("the API server answers", lambda: bool(bed.kubectl("get", "--raw", "/readyz")), deadline=180)


def node_gone(site: Site) -> None:
    """Every process of the instance dies at once, as in a power cut; `up` brings it back with its data."""
    bed = site.bed
    todo = bed.api().add("before the power cut")
    if site.defect == LOST_WRITE:
        bed.api().call("DELETE", f"/todos/{todo}")
    kill_node(bed)
    hold(not select("embedded", bed.instance).running(), "the node still runs: the test has no subject")
    bed.up()
    settled(bed)
    hold(bed.api().has(todo), "the todo is lost")


def kill_node(bed: Bed) -> None:
    """The supervisor is the first process of its namespace: the kernel ends all others with it."""
    pid = select("embedded", bed.instance).info().supervisor_pid
    os.kill(pid, signal.SIGKILL)
    bed.wait("the supervisor is gone", lambda: not select("embedded", bed.instance).running(), deadline=20)


@contextlib.contextmanager
def _supervisor_stopped(bed: Bed, defect: str) -> Iterator[None]:
    """With the defect `supervisor-asleep` nobody restarts anything for the block."""
    if defect != ASLEEP:
        yield
        return
    pid = select("embedded", bed.instance).info().supervisor_pid
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


ASLEEP = "supervisor-asleep"
LOST_WRITE = "lost-write"
COMPONENT_KILLED = Fault(
    id="component-killed",
    title="`kill -9` of each component in turn",
    promise="restarted within 30 s, 0 failed requests (the forwarder itself excepted), service and API answer",
    tier="bed",
    defect=ASLEEP,
    probe=component_killed,
)
NODE_GONE = Fault(
    id="node-gone",
    title="all node processes gone, as after a power cut",
    promise="`up` brings the instance back with its data",
    tier="bed",
    defect=LOST_WRITE,
    probe=node_gone,
)
