"""The page of what comes again."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone
from playwright.sync_api import expect

from tests.pages.live import Desk
from tests.pages.signed_in import signed_in
from tests.pages.test_browser import tab_to
from todo_app.accounts.models import User
from todo_app.moderation.models import Violation
from todo_app.todos import recurrences as services
from todo_app.todos.models import Recurrence
from todo_app.todos.rrule import Rule

pytestmark = pytest.mark.integration
TYPED = {"title": "Water the plants", "often": "FREQ=DAILY", "starts_on": "2066-07-01T09:00"}


def recurring(user: User) -> Recurrence:
    """One of the user's."""
    return services.recurrence_create(
        owner=user,
        title="Water the plants",
        rule=Rule("FREQ=DAILY"),
        time_zone="UTC",
        starts_on=timezone.now() - timedelta(days=2),
        now=timezone.now(),
    )


def test_one_is_added_by_the_clock_of_its_zone_and_shows_what_comes(user: User) -> None:
    typed = {**TYPED, "time_zone": "Europe/Istanbul", "often": "", "rule": "freq=weekly;byday=mo,th"}
    page = signed_in(user).post("/recurrences", typed, follow=True).content.decode()

    row = Recurrence.objects.get(owner=user)
    assert (str(row.rule), row.time_zone) == ("FREQ=WEEKLY;BYDAY=MO,TH", "Europe/Istanbul")
    assert row.starts_on == datetime(2066, 7, 1, 6, tzinfo=UTC)
    assert "Added." in page
    assert page.count(", 09:00</time>") == 3


@pytest.mark.parametrize(
    ("more", "status", "told"),
    [
        ({"title": ""}, 422, "Say what is to be done"),
        ({"starts_on": ""}, 422, "first day"),
        ({"starts_on": "1900-01-01T09:00"}, 422, "at most a year ago"),
        ({"often": "", "rule": "FREQ=MONTHLY;BYDAY=99MO"}, 422, "BYDAY"),
        ({"starts_on": "soon"}, 422, "such as 2026-12-24"),
        ({"time_zone": "Mars/Olympus"}, 422, "is no IANA time zone"),
        ({"often": ""}, 422, "Type a rule such as"),
        ({"often": "", "rule": "FREQ=HOURLY"}, 422, "FREQ must be one of"),
        ({"often": "", "rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, 422, "This never comes"),
        ({"often": "FREQ=SECONDLY"}, 422, "is not one of the available choices"),
    ],
)
def test_what_cannot_be_is_told_and_kept_in_the_form(user: User, more: dict[str, str], status: int, told: str) -> None:
    response = signed_in(user).post("/recurrences", {**TYPED, **more})

    assert response.status_code == status
    assert told in response.content.decode()
    assert not Recurrence.objects.filter(owner=user).exists()


def test_a_refusal_marks_the_word_and_counts_once(user: User, word: str) -> None:
    response = signed_in(user).post("/recurrences", {**TYPED, "title": f"my {word}"})

    assert response.status_code == 409
    assert f"<mark>{word}</mark>" in response.content.decode()
    assert Violation.objects.filter(user=user).count() == 1


def test_it_is_paused_resumed_and_deleted_by_its_owner_only(user: User, admin: User) -> None:
    client, row = signed_in(user), recurring(user)
    address = f"/recurrences/{row.pk}"

    assert "is gone" in signed_in(admin).post(f"{address}/delete", follow=True).content.decode()
    assert "paused by its owner" in client.post(f"{address}/pause", follow=True).content.decode()
    row.refresh_from_db()
    assert row.paused_on is not None
    page = client.post(f"{address}/resume", follow=True).content.decode()
    assert "paused" not in page
    assert "Deleted." in client.post(f"{address}/delete", follow=True).content.decode()
    assert not Recurrence.objects.filter(pk=row.pk).exists()
    assert "is gone" in client.post(f"{address}/pause", follow=True).content.decode()
    assert client.post(f"{address}/burn").status_code == 404
    assert client.get("/recurrences", {"cursor": "nonsense"}).status_code == 404


def test_why_the_clock_paused_it_is_shown(user: User) -> None:
    row = recurring(user)
    row.paused_on, row.pause_reason = timezone.now(), "banned words: casino"
    row.save()

    assert "paused banned words: casino" in signed_in(user).get("/recurrences").content.decode()


@pytest.mark.parametrize(("column", "stored"), [("rule", "FREQ=MONTHLY;BYDAY=10SA"), ("time_zone", "Gone/Zone")])
def test_one_that_was_stored_bad_is_shown_as_paused(user: User, column: str, stored: str) -> None:
    good, bad, client = recurring(user), recurring(user), signed_in(user)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE todos_recurrence SET {column} = %s WHERE id = %s", [stored, bad.pk])  # noqa: S608 - a name of the table above

    page = client.get("/recurrences").content.decode()

    assert page.count("paused it cannot run: ") == 1
    assert str(good.pk) in page
    assert "It stays paused" in client.post(f"/recurrences/{bad.pk}/resume", follow=True).content.decode()
    assert client.post(f"/recurrences/{bad.pk}/delete").status_code == 302
    assert list(Recurrence.objects.filter(owner=user)) == [good]


def test_the_list_asks_the_database_equally_often_however_long_it_is(user: User) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client, asked = signed_in(user), []
    for _ in range(2):
        recurring(user)
        with CaptureQueriesContext(connection) as queries:
            client.get("/recurrences")
        asked.append(len(queries))

    assert asked[0] == asked[1]


@pytest.mark.parametrize("scripts", [True, False])
def test_its_life_at_360_px(live: Desk, user: User, scripts: bool) -> None:
    page = live.page(user, width=360, scripts=scripts)
    page.get_by_role("link", name="Recurring").click()
    page.get_by_label("What is to be done again and again?").fill("Water the plants")
    page.get_by_label("How often").select_option("Every day")
    page.get_by_label("First time").fill("2066-07-01T09:00")
    page.get_by_role("button", name="Add", exact=True).click()
    row = page.locator(".recurrence")
    expect(row).to_contain_text("Every day")
    row.get_by_label("More for").click()
    row.get_by_role("button", name="Pause").click()
    expect(row).to_contain_text("paused by its owner")
    row.get_by_label("More for").click()
    row.get_by_role("button", name="Resume").click()
    expect(row).not_to_contain_text("paused")
    row.get_by_label("More for").click()
    row.get_by_text("Delete…").click()
    row.get_by_role("button", name="Delete for good").click()
    expect(page.locator(".recurrence")).to_have_count(0)


def test_by_keyboard_alone(live: Desk, user: User) -> None:
    recurring(user)
    page = live.page(user)
    page.goto("/recurrences")
    tab_to(page, ".recurrence summary")
    page.keyboard.press("Enter")
    tab_to(page, ".recurrence .sheet button")
    page.keyboard.press("Enter")
    expect(page.locator(".recurrence")).to_contain_text("paused by its owner")
