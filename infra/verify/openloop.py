"""Open-loop load: requests start when the plan says so, however slow the answers are.

A closed loop slows down with its server and hides an outage; here request `i` is due at `i / rate`, its latency
counts from then, and every request that gets no good answer is counted on this side.
"""

import asyncio
import ipaddress
import itertools
import ssl
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from infra.verify.http1 import BadAnswerError, Connection, Request

MAX_COUNT = 200_000
MAX_RATE = 500.0
KEPT_EXAMPLES = 20


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to send to a loopback address: `count` requests at least, at `rate` a second.

    `requests` are taken in turn; every `fresh_every`th uses a connection of its own, the others share kept-alive
    ones. Answers with a status outside `good` count as failures, as does none within `patience` seconds.
    """

    host: str
    port: int
    requests: Sequence[Request]
    rate: float = 100.0
    count: int = 10_000
    most: int = MAX_COUNT
    patience: float = 10.0
    fresh_every: int = 4
    good: frozenset[int] = frozenset(range(200, 300))
    tls: ssl.SSLContext | None = None

    def __post_init__(self) -> None:
        """Refuse what is not bounded or not loopback."""
        if not ipaddress.ip_address(self.host).is_loopback:
            raise ValueError(f"{self.host} is not a loopback address")
        if not (0 < self.rate <= MAX_RATE and 0 < self.count <= self.most <= MAX_COUNT and self.requests):
            raise ValueError(f"a plan has 1 to {MAX_COUNT} requests at up to {MAX_RATE:.0f}/s")


@dataclass
class Tally:
    """What the client saw. Times in milliseconds: `latency` from the intended start, `lateness` of the generator."""

    sent: int = 0
    ok: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)
    latency: list[float] = field(default_factory=list)
    lateness: list[float] = field(default_factory=list)
    fresh: int = 0
    kept: int = 0

    @property
    def failures(self) -> int:
        """Requests without a good answer."""
        return self.failed.total()

    def miss(self, kind: str, detail: str, *, at: float) -> None:
        """Count one failure; `at` is seconds since the start of the run."""
        self.failed[kind] += 1
        if len(self.examples) < KEPT_EXAMPLES:
            self.examples.append(f"{at:.2f} s: {kind}: {detail}")


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest-rank percentile; 0.0 of nothing."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))] if ranked else 0.0


async def drive(plan: Plan, *, go_on: Callable[[], bool] = lambda: False) -> Tally:
    """Send `plan.count` requests, then go on while `go_on()` says so, `plan.most` at the utmost."""
    tally = Tally()
    idle: deque[Connection] = deque()
    running: set[asyncio.Task[None]] = set()
    begin = time.monotonic()
    for number in itertools.count():
        if number >= plan.most or (number >= plan.count and not go_on()):
            break
        due = begin + number / plan.rate
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        tally.lateness.append((time.monotonic() - due) * 1000)
        tally.sent += 1
        task = asyncio.create_task(_one(plan, number, idle=idle, tally=tally, begin=begin, due=due))
        running.add(task)
        task.add_done_callback(running.discard)
    await asyncio.gather(*running)
    for connection in idle:
        connection.close()
    return tally


async def _one(plan: Plan, number: int, *, idle: deque[Connection], tally: Tally, begin: float, due: float) -> None:
    fresh = number % plan.fresh_every == 0
    data = plan.requests[number % len(plan.requests)].encode(host=f"{plan.host}:{plan.port}", close=fresh)
    stage = "connect"
    connection: Connection | None = None
    try:
        async with asyncio.timeout(plan.patience):
            connection = None if fresh else _idle(idle)
            reused = connection is not None
            if connection is None:
                connection = await Connection.open(plan.host, plan.port, tls=plan.tls)
            stage = "broken on a kept connection" if reused else "broken on a new connection"
            status, reusable = await connection.exchange(data)
    except TimeoutError:
        _miss(tally, connection, "timeout", f"{stage}, {plan.patience:.0f} s", at=due - begin)
    except (OSError, asyncio.IncompleteReadError) as error:
        _miss(tally, connection, stage, f"{type(error).__name__}: {error}", at=due - begin)
    except (BadAnswerError, ValueError) as error:
        _miss(tally, connection, "not http", str(error), at=due - begin)
    else:
        tally.latency.append((time.monotonic() - due) * 1000)
        tally.kept += reused
        tally.fresh += not reused
        if status in plan.good:
            tally.ok += 1
        else:
            tally.miss(f"status {status}", plan.requests[number % len(plan.requests)].path, at=due - begin)
        if reusable and not fresh:
            idle.append(connection)
        else:
            connection.close()


def _idle(idle: deque[Connection]) -> Connection | None:
    """The longest unused connection; one that the server has ended is no failure, nothing was sent on it."""
    while idle:
        connection = idle.popleft()
        if connection.usable:
            return connection
        connection.close()
    return None


def _miss(tally: Tally, connection: Connection | None, kind: str, detail: str, *, at: float) -> None:
    tally.miss(kind, detail, at=at)
    if connection is not None:
        connection.close()
