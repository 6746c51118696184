"""The open-loop generator counts what a server really did to it."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from infra.verify.http1 import Request
from infra.verify.openloop import Plan, Tally, drive, percentile

Behaviour = Callable[[int, asyncio.StreamWriter], Awaitable[bool]]
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def run(behave: Behaviour, *, count: int = 60, patience: float = 2.0, rate: float = 300.0) -> Tally:
    """Drive `count` requests against a server whose nth answer is `behave(n, writer)`; False ends the connection."""
    seen = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal seen
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                seen += 1
                if not await behave(seen, writer):
                    break
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    plan = Plan(host="127.0.0.1", port=port, requests=[Request()], rate=rate, count=count, patience=patience)
    try:
        return await drive(plan)
    finally:
        server.close()


async def good(_: int, writer: asyncio.StreamWriter) -> bool:
    writer.write(GOOD)
    return True


def test_a_good_server_fails_nothing_and_both_kinds_of_connection_are_used() -> None:
    tally = asyncio.run(run(good))
    assert (tally.sent, tally.ok, tally.failures) == (60, 60, 0)
    assert tally.kept > 10
    assert tally.fresh >= 15


def test_each_dropped_request_is_counted_once() -> None:
    async def drop_every_tenth(number: int, writer: asyncio.StreamWriter) -> bool:
        return False if number % 10 == 0 else await good(number, writer)

    tally = asyncio.run(run(drop_every_tenth))
    assert tally.failures == 6, tally.examples
    assert tally.ok == 54
    assert all(kind.startswith("broken on a") for kind in tally.failed)


def test_an_answer_broken_off_midway_is_a_failure() -> None:
    async def half(_: int, writer: asyncio.StreamWriter) -> bool:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        return False

    assert asyncio.run(run(half, count=8)).failures == 8


def test_errors_of_the_service_are_failures_by_status() -> None:
    async def refuse(_: int, writer: asyncio.StreamWriter) -> bool:
        writer.write(b"HTTP/1.1 503 Service Unavailable\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n")
        return True

    assert asyncio.run(run(refuse, count=8)).failed == {"status 503": 8}


def test_no_answer_in_time_is_a_failure_and_does_not_slow_the_arrivals() -> None:
    async def hang(_: int, __: asyncio.StreamWriter) -> bool:
        await asyncio.sleep(2)
        return False

    tally = asyncio.run(run(hang, count=30, patience=0.3))
    assert tally.failed == {"timeout": 30}
    assert percentile(tally.lateness, 0.5) < 50


def test_nobody_listening_is_a_failure() -> None:
    plan = Plan(host="127.0.0.1", port=9, requests=[Request()], count=5, rate=100)
    assert asyncio.run(drive(plan)).failed == {"connect": 5}


def test_it_goes_on_while_asked_but_not_beyond_the_most() -> None:
    plan = Plan(host="127.0.0.1", port=9, requests=[Request()], count=5, most=12, rate=200)
    assert asyncio.run(drive(plan, go_on=lambda: True)).sent == 12


@pytest.mark.parametrize("wrong", [{"host": "192.0.2.1"}, {"count": 10**6}, {"rate": 1000.0}, {"requests": []}])
def test_what_is_not_loopback_or_not_bounded_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"loopback|a plan has"):
        Plan(**{"host": "127.0.0.1", "port": 1, "requests": [Request()], **wrong})  # type: ignore[arg-type] # wrong on purpose
