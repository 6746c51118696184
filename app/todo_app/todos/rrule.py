"""Rules of RFC 5545 (RRULE) over local wall time. Pure; expanded by python-dateutil.

Days and times are those of a time zone's clock. A time that the clock leaps over counts with the offset before the
leap, one that it shows twice counts the first time, as RFC 5545 says; two that fall together are one occurrence.
"""

import heapq
import re
from calendar import isleap
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from dateutil.rrule import rrule, rruleset, rrulestr

TEXT_MAX = 300  # characters
INTERVAL_MAX, COUNT_MAX, PER_DAY_MAX = 1000, 10_000, 24
FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
PARTS = (
    "FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "BYHOUR", "BYMINUTE", "WKST",
)  # fmt: skip
YEAR_MAX = 9000
SPREAD = timedelta(hours=27)  # how far the order in local time and in UTC can differ
HORIZON = 12  # years
_PART = re.compile(r"([A-Z]+)=([A-Z0-9+,-]+)")
UNTIL_YEARS = (1900, YEAR_MAX)  # in any zone the calendar still holds these
NO_PLACES = frozenset({"Factory", "localtime"})  # in the database, but no place's clock
_UNTIL = re.compile(r"\d{8}(T\d{6}Z?)?")
_DAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_NUMBER = re.compile(r"[+-]?\d{1,3}")
# least and most, and whether they may count from the end
RANGES = {
    "BYMONTHDAY": (1, 31, True),
    "BYMONTH": (1, 12, False),
    "BYSETPOS": (1, 366, True),
    "BYHOUR": (0, 23, False),
    "BYMINUTE": (0, 59, False),
}


class RuleInvalid(ValueError):
    """Why a text is no rule, and what would be right."""


@dataclass(frozen=True)
class Rule:
    """A rule as its normal text; equal texts are equal rules."""

    text: str

    def __str__(self) -> str:
        """The RRULE value."""
        return self.text

    @classmethod
    def parse(cls, text: str) -> "Rule":
        """Read `FREQ=WEEKLY;BYDAY=MO`, with or without `RRULE:`. Raises RuleInvalid."""
        normal = text.strip().upper().removeprefix("RRULE:").rstrip(";")
        if len(normal) > TEXT_MAX:
            raise RuleInvalid(f"a rule has at most {TEXT_MAX} characters, this one {len(normal)}")
        rule = cls(";".join(f"{name}={value}" for name, value in _parts(normal).items()))
        try:
            rule._expanded(datetime(2026, 1, 1), UTC_ZONE)  # noqa: DTZ001 - wall time on purpose
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError) as error:
            raise RuleInvalid(f"{normal!r} is no RRULE: {error}") from None
        return rule

    def occurs(self, *, starts_on: datetime, zone: ZoneInfo) -> bool:
        """Whether it ever comes true, within HORIZON years of its start; without this a search might not end.

        The same years in the calendar's last decades are searched: there the search ends with the calendar.
        """
        local = starts_on.astimezone(zone).replace(tzinfo=None)
        endless = Rule(";".join(p for p in self.text.split(";") if not p.startswith(("UNTIL=", "COUNT="))))
        found = next(iter(endless._expanded(local.replace(year=_twin_year(local.year)), zone)), None)
        return found is not None and next(self.occurrences(starts_on=starts_on, zone=zone), None) is not None

    def occurrences(self, *, starts_on: datetime, zone: ZoneInfo, after: datetime | None = None) -> Iterator[datetime]:
        """In UTC, each once and in order, from `starts_on` on and later than `after`."""
        start = starts_on.astimezone(zone).replace(tzinfo=None)
        begin = start if after is None else max(start, after.astimezone(zone).replace(tzinfo=None) - SPREAD)
        waiting: list[datetime] = []
        last = after
        for local in self._expanded(start, zone).xafter(begin, inc=True):
            if local.year > YEAR_MAX:
                break
            moment = local.replace(tzinfo=zone).astimezone(UTC)
            if moment < starts_on:  # it starts in the second pass of an hour that the clock shows twice
                continue
            heapq.heappush(waiting, moment)
            while waiting and waiting[0] < moment - SPREAD:
                last, fresh = _pop(waiting, last)
                if fresh:
                    yield last
        while waiting:
            last, fresh = _pop(waiting, last)
            if fresh:
                yield last

    def _expanded(self, start: datetime, zone: ZoneInfo) -> rrule | rruleset:
        parts = dict(part.split("=", 1) for part in self.text.split(";"))
        if "UNTIL" in parts:
            parts["UNTIL"] = _until(parts["UNTIL"], zone)
        parts.setdefault("BYSECOND", str(start.second))
        return rrulestr(";".join(f"{name}={value}" for name, value in parts.items()), dtstart=start)


def zone_named(name: str) -> ZoneInfo:
    """A zone of the IANA database. Raises RuleInvalid."""
    if name in NO_PLACES or name not in available_timezones():
        raise RuleInvalid(f"{name!r} is no IANA time zone such as 'Europe/Istanbul'")
    return ZoneInfo(name)


@lru_cache(maxsize=4096)
def fault(text: str, zone: str, start_year: int) -> str:
    """Why what is stored cannot run, or nothing: it may be older than today's judgement of rules, or its zone went."""
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):  # unknown, no name at all, a folder of the database
        return f"unknown time zone: {zone}"
    try:
        Rule.parse(text)
    except RuleInvalid as error:
        return str(error)
    least, most = UNTIL_YEARS
    return "" if least <= start_year <= most else f"it starts in the year {start_year}"


UTC_ZONE = ZoneInfo("UTC")


def _pop(waiting: list[datetime], last: datetime | None) -> tuple[datetime, bool]:
    moment = heapq.heappop(waiting)
    return (moment, True) if last is None or moment > last else (last, False)


def _parts(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for piece in text.split(";"):
        found = _PART.fullmatch(piece)
        if found is None or found[1] in parts:
            raise RuleInvalid(f"{piece!r} is not NAME=VALUE, or is there twice")
        if found[1] not in PARTS:
            raise RuleInvalid(f"{found[1]} is not supported; a rule may have {', '.join(PARTS)}")
        parts[found[1]] = found[2]
    if parts.get("FREQ") not in FREQUENCIES:
        raise RuleInvalid(f"FREQ must be one of {', '.join(FREQUENCIES)}; several times a day are BYHOUR")
    if "UNTIL" in parts and ("COUNT" in parts or not _UNTIL.fullmatch(parts["UNTIL"])):
        raise RuleInvalid("UNTIL is 20271231 or 20271231T235959Z, and not together with COUNT")
    if "UNTIL" in parts and not UNTIL_YEARS[0] <= int(parts["UNTIL"][:4]) <= UNTIL_YEARS[1]:
        raise RuleInvalid(f"the year of UNTIL must be {UNTIL_YEARS[0]} to {UNTIL_YEARS[1]}, not {parts['UNTIL'][:4]}")
    for name, most in (("INTERVAL", INTERVAL_MAX), ("COUNT", COUNT_MAX)):
        if name in parts and not (parts[name].isdigit() and 1 <= int(parts[name]) <= most):
            raise RuleInvalid(f"{name} must be 1 to {most}, not {parts[name]}")
    _judge_lists(parts)
    per_day = [len(set(parts[name].split(","))) for name in ("BYHOUR", "BYMINUTE") if name in parts]
    if per_day and (per_day[0] * per_day[-1] if len(per_day) > 1 else per_day[0]) > PER_DAY_MAX:
        raise RuleInvalid(f"at most {PER_DAY_MAX} occurrences a day")
    return parts


def _judge_lists(parts: dict[str, str]) -> None:
    """Refuse what dateutil takes and fails on only when it comes to that month, or never finds."""
    for name, (least, most, backwards) in RANGES.items():
        for value in parts[name].split(",") if name in parts else ():
            number = int(value) if _NUMBER.fullmatch(value) else None
            if number is None or not least <= (abs(number) if backwards else number) <= most:
                also = f" or -{most} to -{least}" if backwards else ""
                raise RuleInvalid(f"{name} must be {least} to {most}{also}, not {value!r}")
    # with BYMONTH, a year's ordinals count within the month
    yearly = parts["FREQ"] == "YEARLY" and "BYMONTH" not in parts
    most = 53 if yearly else 5 if parts["FREQ"] in {"MONTHLY", "YEARLY"} else 0
    for value in parts["BYDAY"].split(",") if "BYDAY" in parts else ():
        found = _DAY.fullmatch(value)
        if found is None:
            raise RuleInvalid(f"BYDAY must be days such as MO or 1MO, not {value!r}")
        if found[1] is not None and not 1 <= abs(int(found[1])) <= most:
            wanted = f"1 to {most} or -{most} to -1" if most else "no number, which is for MONTHLY and YEARLY"
            raise RuleInvalid(f"the number before a day of BYDAY must be {wanted}, not {value!r}")


def _until(text: str, zone: ZoneInfo) -> str:
    """The end in local time; a date means the whole day."""
    if text.endswith("Z"):
        moment = datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        return moment.astimezone(zone).strftime("%Y%m%dT%H%M%S")
    return text if "T" in text else f"{text}T235959"


def _twin_year(year: int) -> int:
    """The last year but HORIZON from which on the calendar runs as from this one: weekdays and leap days agree."""
    wanted = _calendar(year)
    return next(twin for twin in range(9999 - HORIZON, 9000, -1) if _calendar(twin) == wanted)


def _calendar(year: int) -> list[tuple[int, bool]]:
    return [(date(y, 1, 1).weekday(), isleap(y)) for y in range(year, year + HORIZON)]
