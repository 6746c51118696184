"""Rules over wall time: DST, leap days, ends, and texts that are no rules."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from time import perf_counter
from zoneinfo import ZoneInfo

import pytest

from todo_app.todos.rrule import Rule, RuleInvalid, zone_named


def times(text: str, zone: str, start: str, count: int = 5) -> list[str]:
    """The first occurrences in UTC; `start` is local."""
    where = ZoneInfo(zone)
    starts_on = datetime.fromisoformat(start).replace(tzinfo=where)
    found = Rule.parse(text).occurrences(starts_on=starts_on, zone=where)
    return [moment.strftime("%Y-%m-%dT%H:%M") for moment in islice(found, count)]


@pytest.mark.parametrize(
    ("text", "zone", "start", "expected"),
    [
        # the clock goes from 02:00 to 03:00: 02:30 counts with the offset before, which is 03:30 by the new one
        (
            "FREQ=DAILY",
            "Europe/Berlin",
            "2026-03-28T02:30",
            ["2026-03-28T01:30", "2026-03-29T01:30", "2026-03-30T00:30"],
        ),
        # 02:30 comes twice: the first time counts, once
        (
            "FREQ=DAILY",
            "Europe/Berlin",
            "2026-10-24T02:30",
            ["2026-10-24T00:30", "2026-10-25T00:30", "2026-10-26T01:30"],
        ),
        # nine o'clock stays nine o'clock
        ("FREQ=WEEKLY;BYDAY=MO", "America/New_York", "2026-03-02T09:00", ["2026-03-02T14:00", "2026-03-09T13:00"]),
        # 02:30 and 03:30 fall together in the gap: one occurrence
        (
            "FREQ=DAILY;BYHOUR=2,3;BYMINUTE=30",
            "Europe/Berlin",
            "2026-03-29T00:00",
            ["2026-03-29T01:30", "2026-03-30T00:30"],
        ),
        # half an hour of DST
        (
            "FREQ=DAILY",
            "Australia/Lord_Howe",
            "2026-10-03T02:15",
            ["2026-10-02T15:45", "2026-10-03T15:45", "2026-10-04T15:15"],
        ),
        # Samoa had no 30 December 2011; it falls together with the 31st
        (
            "FREQ=DAILY",
            "Pacific/Apia",
            "2011-12-29T10:00",
            ["2011-12-29T20:00", "2011-12-30T20:00", "2011-12-31T20:00"],
        ),
        ("FREQ=YEARLY", "UTC", "2024-02-29T00:00", ["2024-02-29T00:00", "2028-02-29T00:00"]),
        (
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
            "UTC",
            "2026-01-01T09:00",
            ["2026-01-30T09:00", "2026-02-27T09:00"],
        ),
        ("FREQ=DAILY;COUNT=2", "UTC", "2026-01-01T09:00", ["2026-01-01T09:00", "2026-01-02T09:00"]),
        ("rrule:freq=daily;until=20260102", "Asia/Tokyo", "2026-01-01T09:00", ["2026-01-01T00:00", "2026-01-02T00:00"]),
        ("FREQ=DAILY;UNTIL=20260101T235959Z", "Asia/Tokyo", "2026-01-01T09:00", ["2026-01-01T00:00"]),
    ],
)
def test_occurrences_are_those_of_the_wall_clock(text: str, zone: str, start: str, expected: list[str]) -> None:
    assert times(text, zone, start, count=len(expected)) == expected
    if "COUNT" in text or "until" in text.lower():
        assert times(text, zone, start, count=99) == expected


def test_after_leaves_out_what_was_and_nothing_else() -> None:
    zone = ZoneInfo("America/St_Johns")
    rule, start = Rule.parse("FREQ=DAILY;BYHOUR=0,1,2,3"), datetime(2026, 1, 1, tzinfo=zone)
    whole = list(islice(rule.occurrences(starts_on=start, zone=zone), 2000))

    assert whole == sorted(set(whole))
    for place in range(0, 1990, 37):
        for after in (whole[place], whole[place] + timedelta(minutes=1)):
            found = rule.occurrences(starts_on=start, zone=zone, after=after)
            assert list(islice(found, 5)) == whole[place + 1 : place + 6]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "FREQ",
        "FREQ=HOURLY",
        "FREQ=DAILY;FREQ=DAILY",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=1001",
        "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;COUNT=3;UNTIL=20300101",
        "FREQ=DAILY;UNTIL=tomorrow",
        "FREQ=DAILY;BYSECOND=1",
        "FREQ=DAILY;BYHOUR=25",
        "FREQ=DAILY;BYDAY=XX",
        "FREQ=DAILY\nDTSTART:20260101",
        "FREQ=DAILY;BYEASTER=1",
        "FREQ=DAILY;BYHOUR=" + ",".join(map(str, range(24))) + ";BYMINUTE=0,30",
        "FREQ=WEEKLY;BYDAY=" + "MO," * 200 + "MO",
        "FREQ=MONTHLY;BYDAY=3SA,4SA,10SA;BYHOUR=5;BYMINUTE=7",
        "FREQ=MONTHLY;BYDAY=99MO",
        "FREQ=MONTHLY;BYDAY=-6MO",
        "FREQ=MONTHLY;BYDAY=0MO",
        "FREQ=YEARLY;BYDAY=54MO",
        "FREQ=YEARLY;BYMONTH=12;BYDAY=10SA",
        "FREQ=WEEKLY;BYDAY=1MO",
        "FREQ=DAILY;BYDAY=1MO",
        "FREQ=DAILY;BYDAY=MO,,TU",
        "FREQ=MONTHLY;BYMONTHDAY=0",
        "FREQ=MONTHLY;BYMONTHDAY=-32",
        "FREQ=YEARLY;BYMONTH=13",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0",
        "FREQ=DAILY;BYHOUR=-1",
        "FREQ=DAILY;UNTIL=99991231T235959Z",
        "FREQ=DAILY;UNTIL=00010101T000000Z",
    ],
)
def test_what_is_no_rule_is_refused_in_words(text: str) -> None:
    with pytest.raises(RuleInvalid, match=r"\w+ \w+"):
        Rule.parse(text)


@pytest.mark.parametrize(
    ("text", "occurs"),
    [
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", False),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", False),
        ("FREQ=DAILY;INTERVAL=7;BYDAY=MO", False),
        ("FREQ=DAILY;UNTIL=20200101", False),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29", True),
        ("FREQ=MONTHLY;BYMONTHDAY=31", True),
    ],
)
def test_a_rule_that_never_occurs_is_found_out_without_searching_eight_thousand_years(text: str, occurs: bool) -> None:
    started = perf_counter()
    starts_on = datetime(2026, 11, 21, 9, tzinfo=UTC)  # a Saturday

    assert Rule.parse(text).occurs(starts_on=starts_on, zone=ZoneInfo("UTC")) is occurs
    assert perf_counter() - started < 5  # a search to the year 9999 takes far longer


def test_zones_are_those_of_iana() -> None:
    assert zone_named("Europe/Istanbul").key == "Europe/Istanbul"
    for name in ("Mars/Olympus", "../etc/passwd", "", "EUROPE/istanbul"):
        with pytest.raises(RuleInvalid, match="time zone"):
            zone_named(name)


@pytest.mark.parametrize("name", ["Factory", "localtime", "posixrules", "right/UTC", "Mars/Olympus", ""])
def test_what_is_no_places_clock_is_no_zone(name: str) -> None:
    with pytest.raises(RuleInvalid, match="Europe/Istanbul"):
        zone_named(name)


@pytest.mark.parametrize(
    "text", ["FREQ=MONTHLY;BYDAY={}SA", "FREQ=YEARLY;BYDAY={}SA", "FREQ=YEARLY;BYMONTH=12;BYDAY={}SA"]
)
def test_every_ordinal_that_is_taken_can_be_expanded(text: str) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    taken = 0
    for number in range(-99, 100):
        try:
            rule = Rule.parse(text.format(number))
        except RuleInvalid:
            continue
        taken += 1
        assert list(islice(rule.occurrences(starts_on=start, zone=ZoneInfo("UTC")), 30))
    assert taken in {10, 106}
