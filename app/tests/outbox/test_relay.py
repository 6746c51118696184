"""The relay against PostgreSQL: at least once, in order for each key."""

import threading
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from io import StringIO
from random import Random

import orjson
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from tests.servers import Servers
from todo_app.outbox.lease import RelayLease
from todo_app.outbox.models import Event, Lease
from todo_app.outbox.publishers.base import EpochStale, Message, PublisherDown, Receipt
from todo_app.outbox.publishers.memory import InMemoryPublisher
from todo_app.outbox.relay import PAUSE_MOST, Outcome, Relay, pause_after
from todo_app.outbox.selectors import backlog, events_dead
from todo_app.outbox.services import event_append, events_expire

pytestmark = pytest.mark.integration
RANDOM = Random(1)  # noqa: S311 - spreads pauses


@pytest.fixture(autouse=True)
def _nothing_waiting(database: Servers) -> None:
    """What other tests have left counts as published, and nobody has the lease."""
    Lease.objects.update(expires_on=timezone.now())
    Event.objects.filter(published_on__isnull=True).update(published_on=timezone.now(), dead_on=None)


def append(key: str, times: int = 1) -> list[uuid.UUID]:
    for _ in range(times):
        event_append(type="user.banned", key=key, payload={"id": str(uuid.uuid4()), "by": None}, now=timezone.now())
    return ids(key)


def ids(key: str) -> list[uuid.UUID]:
    return list(Event.objects.filter(key=key).order_by("position").values_list("pk", flat=True))


def arrived(publisher: InMemoryPublisher, key: str) -> list[uuid.UUID]:
    return [uuid.UUID(orjson.loads(one.body)["id"]) for one in publisher.messages if one.key == key]


def relay(publisher: object = None, *, batch: int = 100, tries: int = 3, seconds: float = 30.0) -> Relay:
    chosen = publisher if publisher is not None else InMemoryPublisher()
    lease = RelayLease(holder=uuid.uuid4().hex, seconds=seconds)
    return Relay(publisher=chosen, lease=lease, batch=batch, tries=tries, random=RANDOM)  # type: ignore[arg-type]  # fakes of some tests have `publish` only


def drain(one: Relay, *, now: datetime | None = None) -> None:
    while one.step(now=now or timezone.now()) is Outcome.PUBLISHED:
        pass
    one.lease.release()


@pytest.fixture
def key() -> str:
    """A key no other test uses."""
    return str(uuid.uuid4())


def refusing(bad: set[uuid.UUID]) -> Callable[[Message], str]:
    return lambda message: "not today" if message.id in bad else ""


def test_events_arrive_once_as_cloud_events_in_order(key: str) -> None:
    wanted = append(key, 7)
    publisher = InMemoryPublisher()
    drain(relay(publisher, batch=3))

    assert arrived(publisher, key) == wanted
    first = orjson.loads(publisher.messages[0].body)
    assert set(first) == {
        *("specversion", "id", "source", "type", "subject"),
        *("time", "datacontenttype", "dataschema", "data"),
    }
    assert (first["specversion"], first["subject"], first["type"]) == ("1.0", key, "user.banned")
    assert first["time"].endswith("Z")
    assert not Event.objects.filter(key=key, published_on__isnull=True).exists()


def test_positions_follow_the_order_of_writing_even_when_clocks_go_back(key: str) -> None:
    now = timezone.now()
    for seconds in (0, -5, 3):
        payload = {
            "id": key,
            "by": None,
        }
        event_append(type="user.banned", key=key, payload=payload, now=now + timedelta(seconds=seconds))
    publisher = InMemoryPublisher()
    drain(relay(publisher))

    assert arrived(publisher, key) == ids(key)
    times = [orjson.loads(one.body)["time"] for one in publisher.messages if one.key == key]
    assert times[1] < times[0] < times[2]


def test_a_refused_event_is_tried_again_later_and_holds_its_key_only(key: str) -> None:
    bad, other = append(key, 3)[0], str(uuid.uuid4())
    free = append(other, 2)
    publisher = InMemoryPublisher(refusal=refusing({bad}))
    now = timezone.now()
    one = relay(publisher)
    drain(one, now=now)

    assert arrived(publisher, key) == []
    assert arrived(publisher, other) == free
    row = Event.objects.get(pk=bad)
    assert (row.attempts, row.error, row.dead_on) == (1, "not today", None)
    assert row.next_try_on is not None
    assert now + timedelta(seconds=0.5) <= row.next_try_on <= now + timedelta(seconds=1)
    publisher.refusal = refusing(set())
    assert one.step(now=row.next_try_on - timedelta(milliseconds=1)) is Outcome.IDLE
    drain(one, now=row.next_try_on)
    assert arrived(publisher, key) == ids(key)


def test_after_the_last_try_an_event_is_dead_and_its_key_waits_for_a_person(key: str) -> None:
    bad, *later = append(key, 3)
    publisher = InMemoryPublisher(refusal=refusing({bad}))
    now = timezone.now()
    for hours in range(5):
        drain(relay(publisher), now=now + timedelta(hours=hours))

    row = Event.objects.get(pk=bad)
    assert (row.attempts, row.error) == (3, "not today")
    assert row.dead_on == now + timedelta(hours=2)
    assert [(found.event.pk, found.held) for found in events_dead() if found.event.key == key] == [(bad, 2)]
    assert arrived(publisher, key) == []
    listed = StringIO()
    call_command("outbox", "dead", stdout=listed)
    assert f"{bad}  user.banned  key {key}" in listed.getvalue()
    assert "3 tries  2 held  not today" in listed.getvalue()

    publisher.refusal = refusing(set())
    call_command("outbox", "replay", str(bad), stdout=StringIO())
    drain(relay(publisher))
    assert arrived(publisher, key) == [bad, *later]


def test_a_discarded_event_releases_the_later_ones(key: str) -> None:
    bad, *later = append(key, 3)
    publisher = InMemoryPublisher(refusal=refusing({bad}))
    drain(relay(publisher, tries=1))
    assert arrived(publisher, key) == []

    call_command("outbox", "discard", str(bad), stdout=StringIO())
    drain(relay(publisher))
    assert arrived(publisher, key) == later


def test_only_dead_events_can_be_replayed_or_discarded(key: str) -> None:
    (alive,) = append(key)

    for action in ("replay", "discard"):
        with pytest.raises(CommandError, match=f"no dead event has the id {alive}; `outbox dead` lists them"):
            call_command("outbox", action, str(alive))
    assert Event.objects.filter(pk=alive, attempts=0).exists()
    call_command("outbox", "replay", "--all", stdout=StringIO())


class Down:
    def publish(self, messages: Sequence[Message], *, epoch: int) -> Receipt:
        raise PublisherDown("no route")


def test_a_publisher_that_is_down_costs_no_try(key: str) -> None:
    append(key)

    one = relay(Down())
    assert [one.step(now=timezone.now()) for _ in range(5)] == [Outcome.DOWN] * 5
    one.lease.release()
    assert Event.objects.get(key=key).attempts == 0


class Crash(BaseException):
    """As if the process had been killed."""


class CrashAfter(InMemoryPublisher):
    """Keeps some of the batch, then dies before it says so."""

    def __init__(self, kept: InMemoryPublisher, number: int) -> None:
        super().__init__()
        self.kept, self.number = kept, number

    def publish(self, messages: Sequence[Message], *, epoch: int) -> Receipt:
        self.kept.publish(messages[: self.number], epoch=epoch)
        raise Crash


@pytest.mark.parametrize("number", [0, 2, 5])
def test_a_crash_loses_nothing_and_keeps_the_order_of_first_arrivals(key: str, number: int) -> None:
    wanted, publisher = append(key, 5), InMemoryPublisher()
    broken = relay(CrashAfter(publisher, number))
    with pytest.raises(Crash):
        broken.step(now=timezone.now())
    broken.lease.release()  # in life: it expires
    drain(relay(publisher))

    assert list(dict.fromkeys(arrived(publisher, key))) == wanted
    assert len(arrived(publisher, key)) == 5 + number


def test_one_relay_at_a_time_and_a_successor_after_the_lease(key: str) -> None:
    append(key)
    first, second = relay(seconds=0.4), relay()
    assert first.step(now=timezone.now()) is Outcome.PUBLISHED
    assert second.step(now=timezone.now()) is Outcome.STANDBY

    wait = threading.Event()
    for _ in range(100):
        if second.step(now=timezone.now()) is not Outcome.STANDBY:
            break
        wait.wait(0.05)
    assert second.lease.epoch == first.lease.epoch + 1
    assert first.step(now=timezone.now()) is Outcome.STANDBY
    second.lease.release()


def test_a_relay_that_slept_through_its_lease_is_refused_by_the_publisher(key: str) -> None:
    append(key, 2)
    publisher = InMemoryPublisher()
    sleeper, successor = relay(publisher, batch=1), relay(publisher, batch=1)
    assert sleeper.step(now=timezone.now()) is Outcome.PUBLISHED
    sleeper.lease.release()
    assert successor.step(now=timezone.now()) is Outcome.PUBLISHED
    append(key)
    sleeper.lease._taken = successor.lease._taken  # it believes that it still holds the lease

    assert sleeper.step(now=timezone.now()) is Outcome.STANDBY
    with pytest.raises(EpochStale):
        publisher.publish([], epoch=sleeper.lease.epoch)
    drain(successor)
    assert arrived(publisher, key) == ids(key)


def test_two_relays_side_by_side_publish_each_key_in_order(key: str) -> None:
    keys = [str(uuid.uuid4()) for _ in range(4)]
    publisher, stop = InMemoryPublisher(), threading.Event()

    def work() -> None:
        one = relay(publisher, batch=3, seconds=0.2)
        while not stop.is_set():
            if one.step(now=timezone.now()) is not Outcome.PUBLISHED:
                stop.wait(0.01)
        one.lease.release()
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for each in keys * 15:
        append(each)
    deadline = time.monotonic() + 60
    while Event.objects.filter(key__in=keys, published_on__isnull=True).exists() and time.monotonic() < deadline:
        stop.wait(0.05)
    stop.set()
    for thread in threads:
        thread.join()

    for each in keys:
        assert list(dict.fromkeys(arrived(publisher, each))) == ids(each)


def test_old_published_events_are_deleted_and_no_others(key: str) -> None:
    old, young, dead, waiting = append(key, 4)
    now = timezone.now()
    Event.objects.filter(pk=old).update(published_on=now - timedelta(days=7, seconds=1))
    Event.objects.filter(pk=young).update(published_on=now - timedelta(days=6))
    Event.objects.filter(pk=dead).update(dead_on=now - timedelta(days=30))

    assert events_expire(now=now) >= 1
    assert ids(key) == [young, dead, waiting]


def test_the_lag_is_the_age_of_the_oldest_waiting_event(key: str) -> None:
    assert backlog(now=timezone.now()).lag == 0.0
    append(key)
    created = Event.objects.get(key=key).created_on

    assert backlog(now=created + timedelta(seconds=40)).lag == 40.0


def test_pauses_double_to_a_bound_and_are_spread() -> None:
    pauses = [[pause_after(tries, random=RANDOM) for _ in range(50)] for tries in range(1, 40)]

    for number, row in enumerate(pauses):
        longest = min(PAUSE_MOST, 2.0**number)
        assert all(longest / 2 <= pause <= longest for pause in row)
        assert len(set(row)) == 50
