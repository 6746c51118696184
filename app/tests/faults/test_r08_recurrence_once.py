"""R08: three schedulers, deaths amid the work, clocks an hour off, 40 zones, leap days, ten simulated years."""

import random
import threading
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connections

from tests.faults.harness import Fault, FaultRun
from todo_app.accounts.models import User
from todo_app.todos import due
from todo_app.todos.models import Firing, Recurrence, Todo
from todo_app.todos.models.recurrence import RecurrenceQuerySet
from todo_app.todos.recurrences import recurrence_create
from todo_app.todos.rrule import Rule

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]
FAULT = Fault(
    id="R08",
    title="recurrence-exactly-once",
    promise="each occurrence of a rule makes one todo: none is missing, none is double",
    defect="a scheduler does not lock what it runs, and the ledger takes an occurrence twice",
)
ZONES = (
    "Africa/Cairo", "Africa/Casablanca", "Africa/Johannesburg", "Africa/Lagos", "America/Anchorage", "America/Asuncion",
    "America/Bogota", "America/Chicago", "America/Denver", "America/Halifax", "America/Havana", "America/Los_Angeles",
    "America/Mexico_City", "America/New_York", "America/Nuuk", "America/Santiago", "America/Sao_Paulo",
    "America/St_Johns", "Antarctica/Troll", "Asia/Beirut", "Asia/Gaza", "Asia/Jerusalem", "Asia/Kathmandu",
    "Asia/Kolkata", "Asia/Tehran", "Asia/Tokyo", "Atlantic/Azores", "Australia/Adelaide", "Australia/Lord_Howe",
    "Australia/Sydney", "Europe/Berlin", "Europe/Chisinau", "Europe/Dublin", "Europe/Istanbul", "Europe/London",
    "Pacific/Apia", "Pacific/Auckland", "Pacific/Chatham", "Pacific/Easter", "UTC",
)  # fmt: skip
HOURS = (0, 1, 2, 3, 9, 12, 23)
START = date(2027, 1, 1)  # two leap days in the ten years
YEARS = 10


class Killed(BaseException):
    """The scheduler died here."""


def expected(zone: ZoneInfo, days: int) -> list[datetime]:
    """Every day at HOURS by the wall clock, by plain counting."""
    moments = {
        datetime(day.year, day.month, day.day, hour, 30, tzinfo=zone).astimezone(UTC)
        for day in (START + timedelta(days=number) for number in range(days))
        for hour in HOURS
    }
    return sorted(moments)


def expanded(zones: Sequence[str]) -> tuple[int, int]:
    """Ten years of these zones: occurrences, and how many differ from plain counting."""
    rule = Rule.parse(f"FREQ=DAILY;BYHOUR={','.join(map(str, HOURS))};BYMINUTE=30;UNTIL={START.year + YEARS - 1}1231")
    days = (date(START.year + YEARS, 1, 1) - START).days
    n = wrong = 0
    for name in zones:
        zone = ZoneInfo(name)
        starts_on = datetime(START.year, 1, 1, tzinfo=zone)
        found, wanted = list(rule.occurrences(starts_on=starts_on, zone=zone)), expected(zone, days)
        n += len(wanted)
        wrong += len(set(found) ^ set(wanted)) + len(found) - len(set(found)) + (found != sorted(found))
    return n, wrong


def seeded(monkeypatch: pytest.MonkeyPatch, chance: random.Random, *, defective: bool) -> None:
    """Deaths between a todo and its ledger row; with the defect neither lock nor ledger."""
    real, guard = Firing, threading.Lock()

    def dying(**columns: object) -> Firing:
        with guard:
            dies, jitter = chance.random() < 0.02, chance.randint(1, 900_000)
        if dies:
            raise Killed
        if defective:
            columns["occurs_on"] += timedelta(microseconds=jitter)  # type: ignore[operator]  # a datetime
        return real(**columns)

    dying.objects = real.objects  # type: ignore[attr-defined]  # stands for the class
    monkeypatch.setattr(due, "Firing", dying)
    if defective:
        monkeypatch.setattr(RecurrenceQuerySet, "select_for_update", lambda self, **_options: self)


def scheduled(owner: User, days: int, chance: random.Random) -> tuple[int, int, int]:
    """Run three schedulers through the days: occurrences, how many are missing or double, and deaths."""
    wanted: dict[uuid.UUID, list[datetime]] = {}
    for name in chance.sample(ZONES, 4):
        zone = ZoneInfo(name)
        starts_on = datetime(START.year, 1, 1, tzinfo=zone)
        rule = Rule.parse(f"FREQ=DAILY;BYHOUR={','.join(map(str, HOURS))};BYMINUTE=30;COUNT={len(HOURS) * days}")
        row = recurrence_create(
            owner=owner, title=name, rule=rule, time_zone=name, starts_on=starts_on, now=starts_on - timedelta(days=1)
        )
        wanted[row.pk] = list(row.after(None))
    deaths = 0

    def run(now: datetime) -> int:
        try:
            due.recurrences_run(now=now)
        except Killed:
            return 1
        finally:
            connections.close_all()
        return 0

    first = datetime(START.year, 1, 1, tzinfo=UTC) - timedelta(days=1)
    clocks = [first + timedelta(days=number / 2) for number in range(2 * days + 6)]
    with ThreadPoolExecutor(3) as pool:
        for clock in clocks:
            off = [clock + timedelta(minutes=chance.randint(-60, 60)) for _ in range(3)]
            deaths += sum(pool.map(run, off))
        for _ in range(20):
            if not sum(pool.map(run, [clocks[-1]] * 3)):
                break
    wrong = 0
    for row in Recurrence.objects.filter(pk__in=list(wanted)):
        moments = wanted[row.pk]
        made = Todo.objects.filter(owner=owner, title=row.title).count()
        ledger = set(Firing.objects.filter(recurrence=row).values_list("occurs_on", flat=True))
        wrong += abs(made - len(moments)) + len(set(moments) ^ ledger)
    return sum(map(len, wanted.values())), wrong, deaths


def probe(run: FaultRun, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten years by expansion, of all zones at full count, then `rounds` days through the database."""
    chance = run.random
    n, wrong = (0, 0) if run.defective else expanded(ZONES if run.full else chance.sample(ZONES, 6))
    with monkeypatch.context() as patch:
        seeded(patch, chance, defective=run.defective)
        made, missed, deaths = scheduled(owner, run.rounds, chance)
    assert run.defective or deaths > 0, "no scheduler died"
    run.verdict(
        n=n + made,
        failures=wrong + missed,
        note=f"{made} of them by 3 schedulers in {run.rounds} days, {deaths} deaths",
    )


def test_promise_holds(fault_run: FaultRun, make_user: Callable[..., User], monkeypatch: pytest.MonkeyPatch) -> None:
    probe(fault_run, make_user(), monkeypatch)


def test_defect_turns_it_red(
    fault_run: FaultRun, make_user: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    probe(fault_run, make_user(), monkeypatch)
