"""Times on pages: by the clock of who looks, in UTC by name without scripts."""

import re
from datetime import UTC, datetime

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests.pages.live import Desk
from tests.pages.signed_in import signed_in
from todo_app.accounts.models import User
from todo_app.todos.models import Todo
from todo_app.todos.services import todo_create

pytestmark = pytest.mark.integration
DUE = datetime(2066, 7, 1, 22, 30, tzinfo=UTC)
ISTANBUL = "Europe/Istanbul"  # three hours ahead of UTC, so the next day


@pytest.fixture
def todo(user: User) -> Todo:
    """Due at DUE."""
    return todo_create(owner=user, title="Water the plants", due_on=DUE, now=timezone.now())


def test_without_scripts_every_time_says_that_it_is_utc(live: Desk, user: User, admin: User, todo: Todo) -> None:
    page = live.page(user, scripts=False, zone=ISTANBUL)
    expect(page.locator(".todo time")).to_have_text("1 Jul 2066, 22:30 UTC")

    shown = signed_in(admin).get(f"/moderation/users/{user.pk}").content.decode()
    times = re.findall(r"<time [^>]*>([^<]*)</time>", shown)
    assert len(times) >= 2
    assert [text for text in times if not text.endswith(" UTC")] == []


def test_with_scripts_it_is_the_clock_of_the_browser_also_after_an_answer(live: Desk, user: User, todo: Todo) -> None:
    page = live.page(user, zone=ISTANBUL)
    time = page.locator(".todo time")

    expect(time).to_have_text("2 Jul 2066, 01:30")
    expect(time).to_have_attribute("title", "1 Jul 2066, 22:30 UTC")
    expect(time).to_have_attribute("datetime", "2066-07-01T22:30:00+00:00")
    page.get_by_label("Complete: Water the plants").click()
    expect(page.locator("#notices")).to_contain_text("Completed.")
    expect(page.locator(".todo time")).to_have_text("2 Jul 2066, 01:30")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_due_date_is_typed_by_the_same_clock(live: Desk, user: User, todo: Todo, scripts: bool, word: str) -> None:
    page = live.page(user, scripts=scripts, zone=ISTANBUL)
    page.goto(f"/todos/{todo.pk}")
    field = page.get_by_label("Due")
    expect(field).to_have_value("2066-07-02T01:30" if scripts else "2066-07-01T22:30")
    expect(page.locator(".zone")).to_have_text("(your time)" if scripts else "(UTC)")

    page.get_by_label("What is to be done?").fill(f"a {word}")  # refused: the form comes again
    field.fill("2066-08-01T09:00")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("mark").first).to_have_text(word)
    expect(page.get_by_label("Due")).to_have_value("2066-08-01T09:00")
    page.get_by_label("What is to be done?").fill("fine")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("/")

    stored = Todo.objects.get(pk=todo.pk)
    assert stored.due_on == datetime(2066, 8, 1, 6 if scripts else 9, tzinfo=UTC)


@pytest.mark.parametrize("more", [{"zone": "Mars/Olympus"}, {"due_on": "0001-01-01T00:00", "zone": ISTANBUL}])
def test_a_due_date_of_no_calendar_is_told_at_its_field(user: User, more: dict[str, str]) -> None:
    response = signed_in(user).post("/", {"title": "x", "due_on": "2066-07-01T09:00", "priority": 2, **more})

    assert (response.status_code, list(response.context["form"].errors)) == (422, ["due_on"])
    assert not Todo.objects.filter(owner=user).exists()
