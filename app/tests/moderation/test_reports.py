"""Reports come from counters that equal the log, whoever writes and whatever is retired."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection
from django.utils import timezone

from tests.conftest import api
from todo_app.accounts.models import User
from todo_app.moderation.checks import Refusal
from todo_app.moderation.matcher import Hit
from todo_app.moderation.models import UserTotal, UserWordCount, Violation
from todo_app.moderation.reports import counters_differences, violations_by_day, violations_worst_users
from todo_app.moderation.services import violation_record

pytestmark = pytest.mark.integration


def violate(user: User, *words: str, now: datetime | None = None) -> Violation:
    hits = tuple(Hit(0, 3, word, 1) for word in words)
    return violation_record(user=user, refusal=Refusal(user.pk, "bad\n", hits, 1), now=now or timezone.now())


@pytest.fixture
def untouched(user: User) -> Iterator[None]:
    """Counters are right again afterwards, whatever a test did to them."""
    yield
    call_command("verify_counters", rebuild=True, stdout=StringIO(), stderr=StringIO())


def test_counters_equal_the_log_after_writes_and_deletes(user: User, admin: User) -> None:
    violate(user, "one", "two")
    violate(user, "two")
    violate(admin, "one")
    Violation.objects.filter(user=admin).delete()

    assert UserTotal.objects.get(user=user).total == 2
    assert dict(UserWordCount.objects.filter(user=user).values_list("word", "count")) == {"one": 1, "two": 2}
    assert not UserTotal.objects.filter(user=admin).exists()
    assert counters_differences() == {}


def test_the_log_cannot_be_rewritten(user: User) -> None:
    violate(user, "one")

    with pytest.raises(DatabaseError, match="append-only"):
        Violation.objects.filter(user=user).update(severity=3)


def test_a_wrong_counter_is_told_and_rebuilt(user: User, untouched: None) -> None:
    violate(user, "one")
    UserTotal.objects.filter(user=user).update(total=7)
    told = StringIO()

    with pytest.raises(CommandError, match="differ from the log"):
        call_command("verify_counters", stdout=StringIO(), stderr=told)

    assert f"moderation_usertotal: {user.pk}: kept 7, the log says 1" in told.getvalue()
    call_command("verify_counters", rebuild=True, stdout=StringIO(), stderr=StringIO())
    assert UserTotal.objects.get(user=user).total == 1
    call_command("verify_counters", stdout=StringIO())


def test_a_log_that_is_not_counted_is_seen(user: User, untouched: None) -> None:
    """The twin: without the trigger the comparison turns red."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE moderation_violation DISABLE TRIGGER violation_count")
        try:
            violate(user, "one")
        finally:
            cursor.execute("ALTER TABLE moderation_violation ENABLE TRIGGER violation_count")

    assert set(counters_differences()) == {"moderation_usertotal", "moderation_userwordcount", "moderation_daycount"}


def get(admin: User, address: str, status: int = 200) -> dict[str, Any]:
    answer = api(admin).get(f"/api/v1/{address}")
    assert answer.status_code == status, answer.content
    body: dict[str, Any] = answer.json()
    return body


def test_series_count_by_day_and_word(user: User, admin: User) -> None:
    day, word = date(2031, 5, 4), f"series{user.pk.hex}"
    for hours in (1, 2, 26):
        violate(user, word, "other", now=datetime(2031, 5, 4, tzinfo=UTC) + timedelta(hours=hours))

    days = get(admin, f"violations/days?first={day}&last=2031-05-05&word={word}")["data"]
    words = get(admin, f"violations/words?first={day}&last={day}")["data"]

    assert days == [{"day": "2031-05-04", "count": 2}, {"day": "2031-05-05", "count": 1}]
    assert {"word": word, "count": 2} in words
    assert violations_by_day(first=day, last=day)[0]["count"] >= 2
    assert get(admin, "violations/days?first=2031-05-05&last=2031-05-04", 422)["type"] == "invalid"


def test_the_drill_down_pages_through_one_users_log(user: User, admin: User, make_user: Callable[..., User]) -> None:
    keys = [str(violate(user, "one", *(["two"] if number % 2 else [])).pk) for number in range(5)]
    violate(make_user(), "two")

    first = get(admin, f"violations/users/{user.pk}?limit=3")
    rest = get(admin, f"violations/users/{user.pk}?limit=3&cursor={first['next']}")

    assert [row["id"] for row in first["data"] + rest["data"]] == keys[::-1]
    assert rest["next"] is None
    assert [row["id"] for row in get(admin, f"violations/users/{user.pk}?word=two")["data"]] == [keys[3], keys[1]]


def test_the_worst_users_come_first(admin: User) -> None:
    for _ in range(16):
        violate(admin, "one")

    totals = [row["total"] for row in violations_worst_users(limit=5)]

    assert totals == sorted(totals, reverse=True)
    assert totals[0] >= 16
