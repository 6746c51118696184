"""Figure `rollout`: users of a service that is replaced under them."""

import asyncio
import contextlib
import json
import os
import secrets
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from infra.cluster.embedded import images
from infra.cluster.embedded.cluster import EmbeddedCluster
from infra.images.api import refs
from infra.verify.bed import Bed
from infra.verify.bench.figure import Desk, Figure, Goal, Value
from infra.verify.http1 import Request
from infra.verify.openloop import Plan, Tally, drive, percentile
from infra.verify.todo_api import PREFIX

RATE = 100.0
COUNT = 10_000
TWIN_COUNT = 4_000
LATE_MS = 500.0  # at p99; an outage shorter than the generator's own lateness could be missed
URGENT = -10  # niceness: on two cores a rollout must not starve the one who counts its victims
APP = "todo-app"


@dataclass(frozen=True, kw_only=True)
class Rollouts:
    """What happened: how many new versions were rolled out while `tally` was counted."""

    done: int
    tally: Tally

    @property
    def note(self) -> str:
        """The counts that make the figure mean something."""
        tally = self.tally
        return (
            f"{tally.sent} requests at {RATE:.0f}/s, {tally.kept} on kept and {tally.fresh} on new connections, "
            f"{self.done} new versions, p50 {percentile(tally.latency, 0.5):.0f} ms, "
            f"p99 {percentile(tally.latency, 0.99):.0f} ms, "
            f"generator late {percentile(tally.lateness, 0.99):.0f} ms at p99"
        )


def mix(token: str) -> list[Request]:
    """Nine reads to one write, as the owner of `token`."""
    headers = {"Authorization": f"Bearer {token}"}
    read = Request(path=f"{PREFIX}/todos", headers=headers)
    body = json.dumps({"title": "seen through a rollout"}).encode()
    return [*[read] * 9, Request(method="POST", path=f"{PREFIX}/todos", headers=headers, body=body)]


def release(bed: Bed, *settings: str) -> None:
    """A version nobody has seen, by `up`."""
    built = refs()[APP]
    version = f"{built}-{secrets.token_hex(3)}"
    images.tag(built, version, pid=EmbeddedCluster(bed.instance).info().supervisor_pid)
    bed.up("--set", f"delivery.images={json.dumps({APP: version})}", *settings)


def roll_under_load(bed: Bed, *settings: str, count: int, at_least: int = 3) -> Rollouts:
    """Release one version after another while `count` requests or more are sent; ends with a finished rollout.

    A version is the same image under a new reference: migration Job, Helm upgrade and new pods, as for new code.
    """
    requests = mix(bed.api().token)
    plan = Plan(host="127.0.0.1", port=bed.port, requests=requests, rate=RATE, count=count, most=3 * count, tls=bed.tls)
    done = 0
    over = False

    def roll() -> None:
        nonlocal done
        while not over or done < at_least:
            release(bed, *settings)
            done += 1

    async def both(rolling: Future[None]) -> Tally:
        with _urgent():
            return await drive(plan, go_on=lambda: done < at_least and not rolling.done())

    with ThreadPoolExecutor(1) as pool:
        rolling = pool.submit(roll)
        try:
            tally = asyncio.run(both(rolling))
        finally:
            over = True
        rolling.result(timeout=400)
    return Rollouts(done=done, tally=tally)


@contextlib.contextmanager
def _urgent() -> Iterator[None]:
    """This thread before others, where that is allowed: the kernel knows a thread by an id of its own."""
    me = threading.get_native_id()
    try:
        os.setpriority(os.PRIO_PROCESS, me, URGENT)
    except PermissionError:
        yield
        return
    try:
        yield
    finally:
        os.setpriority(os.PRIO_PROCESS, me, 0)


def measure(desk: Desk) -> Mapping[str, Value]:
    """First with drain, then without it."""
    bed = desk.stand.up()
    desk.report(f"roll the app under {RATE:.0f} requests/s")
    good = roll_under_load(bed, count=COUNT)
    desk.report(f"{good.tally.failures} failed; the same without drain")
    undrained = ("--set", "delivery.web_drain=false")
    bed.up(*undrained)
    twin = roll_under_load(bed, *undrained, count=TWIN_COUNT)
    desk.report(f"{twin.tally.failures} failed without drain")
    bed.up()
    return {"rollout": _value(good), "rollout_no_drain": _value(twin)}


def _value(seen: Rollouts) -> Value:
    late = percentile(seen.tally.lateness, 0.99)
    if late > LATE_MS:
        return Value(value=None, note=f"the generator was {late:.0f} ms late at p99: the machine was too busy")
    examples = f"; first: {seen.tally.examples[0]}; {dict(seen.tally.failed)}" if seen.tally.examples else ""
    return Value(value=float(seen.tally.failures), note=seen.note + examples)


ROLLOUT = Figure(
    id="rollout",
    group="app",
    title="requests that fail while a new version of the app is rolled out",
    goals=(
        Goal(
            id="rollout",
            unit="failed requests",
            at_most=0,
            peer="ingress-nginx#322: about 500 of 200,000 lost without drain",
            limit="0",
        ),
        Goal(
            id="rollout_no_drain", unit="failed requests", at_least=1, limit="the twin: 0 would mean the test is blind"
        ),
    ),
    measure=measure,
)
