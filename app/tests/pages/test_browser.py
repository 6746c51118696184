"""The pages in a real Chromium: by clicks, by keyboard alone, at 360 px, without scripts, in both colour schemes."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.pages.live import Desk
from tests.pages.signed_in import signed_in
from todo_app.accounts.models import User
from todo_app.todos.models import Todo
from todo_app.todos.services import todo_create

pytestmark = pytest.mark.integration

# every element with text of its own: its colour on the nearest painted ground, as WCAG 2.2 counts it
CONTRAST = """() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = (c) => [.2126, .7152, .0722].reduce((sum, w, i) => {
    const v = c[i] / 255; return sum + w * (v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); }, 0);
  const ground = (e) => { for (; e; e = e.parentElement) {
    const c = parse(getComputedStyle(e).backgroundColor); if (c.length === 3 || c[3] === 1) return c; }
    return [255, 255, 255]; };
  let seen = 0; const bad = [];
  for (const e of document.querySelectorAll("body *")) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!own || !e.checkVisibility() || e.closest("svg, .hidden, .skip")) continue;
    seen += 1;
    const [a, b] = [light(parse(getComputedStyle(e).color)), light(ground(e))];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) bad.push([e.tagName, e.className, e.textContent.trim().slice(0, 30), ratio.toFixed(2)]);
  }
  return [seen, bad];
}"""
UNNAMED = """() => [...document.querySelectorAll("input:not([type=hidden]), select, textarea, button, a, summary")]
  .filter((e) => !(e.labels?.length || e.getAttribute("aria-label") || e.textContent.trim())).map((e) => e.outerHTML)"""
SMALL = """() => [...document.querySelectorAll("button, .button, select, textarea")]
  .filter((e) => e.checkVisibility() && (e.getBoundingClientRect().height < 44 || e.getBoundingClientRect().width < 44))
  .map((e) => e.outerHTML)"""


@pytest.fixture
def offender(user: User, word: str) -> User:
    """A user with violations and todos."""
    for number in range(3):
        todo_create(owner=user, title=f"todo {number} " + "long-word" * 9, now=timezone.now() - timedelta(days=1))
        signed_in(user).post("/", {"title": f"{number} has {word} in it", "description": "long-word" * 40})
    return user


def add(page: Page, title: str) -> None:
    """By the form above the list."""
    page.get_by_label("What is to be done?").fill(title)
    page.get_by_role("button", name="Add", exact=True).click()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_todo_s_life(live: Desk, user: User, scripts: bool) -> None:
    page = live.page(user, scripts=scripts)
    add(page, "Book the ferry")
    row = page.locator(".todo")
    expect(row).to_contain_text("Book the ferry")
    expect(page.get_by_label("What is to be done?")).to_have_value("")
    row.get_by_label("More for").click()
    row.get_by_role("button", name="Start").click()
    expect(row).to_contain_text("in progress")
    row.get_by_label("Complete").click()
    expect(row.get_by_label("Reopen: Book the ferry")).to_be_visible()
    row.get_by_role("link", name="Book the ferry").click()
    page.get_by_label("What is to be done?").fill("Book the train")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".todo")).to_contain_text("Book the train")
    expect(page.locator("#notices")).to_contain_text("Saved.")
    row.get_by_label("More for").click()
    row.get_by_text("Delete…").click()
    row.get_by_role("button", name="Delete for good").click()
    expect(page.locator(".todo")).to_have_count(0)
    assert not Todo.objects.filter(owner=user).exists()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_refusal_marks_the_word_and_keeps_the_text(live: Desk, user: User, word: str, scripts: bool) -> None:
    page = live.page(user, scripts=scripts)
    add(page, f"my {word} idea")

    expect(page.get_by_role("alert")).to_contain_text("Not saved")
    expect(page.locator("mark")).to_have_text(word)
    expect(page.get_by_label("What is to be done?")).to_have_value(f"my {word} idea")
    if scripts:
        expect(page.get_by_role("alert")).to_be_focused()


@pytest.mark.parametrize("scripts", [True, False])
def test_banning_takes_three_clicks_and_undoing_it_one(live: Desk, offender: User, admin: User, scripts: bool) -> None:
    page = live.page(admin, scripts=scripts)
    page.goto("/moderation")
    row = page.locator(".violation", has_text=offender.username).first
    row.get_by_text("Ban…").click()  # 1
    row.get_by_label("Spam").click()  # 2
    row.get_by_role("button", name=f"Ban {offender.username}").click()  # 3
    expect(page.locator("#notices")).to_contain_text("Banned.")
    banned = User.objects.get(pk=offender.pk)
    assert (banned.is_banned, banned.ban_reason, banned.banned_by) == (True, "Spam", admin)
    expect(page.locator(".violation", has_text=offender.username).first).to_contain_text("banned")

    page.get_by_role("button", name="Undo").click()  # 1
    expect(page.locator("#notices")).to_contain_text("Unbanned.")
    assert not User.objects.get(pk=offender.pk).is_banned


def tab_to(page: Page, selector: str, *, most: int = 40) -> None:
    """Press Tab until the element has the focus; each stop on the way can be seen."""
    for _ in range(most):
        page.keyboard.press("Tab")
        stop = page.evaluate(
            "() => { const e = document.activeElement, s = getComputedStyle(e.closest('label') ?? e);"
            " return [e.checkVisibility(), s.outlineStyle !== 'none' || getComputedStyle(e).outlineStyle !== 'none']; }"
        )
        assert stop == [True, True]
        if page.evaluate("(s) => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"{selector} cannot be reached by Tab")


def test_everything_works_by_keyboard_alone(live: Desk, user: User, offender: User, admin: User) -> None:
    page = live.page(user)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    tab_to(page, "#title")
    page.keyboard.type("By keyboard")
    page.keyboard.press("Enter")
    row = page.locator(".todo", has_text="By keyboard")
    expect(row).to_be_visible()
    expect(page.locator("#title")).to_be_focused()
    tab_to(page, ".todo .tick button")
    page.keyboard.press("Enter")
    expect(row.get_by_label("Reopen")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(row.locator(".sheet")).to_be_visible()
    page.keyboard.press("Escape")
    expect(row.locator(".sheet")).to_be_hidden()
    expect(row.locator("summary").first).to_be_focused()

    desk = live.page(admin)
    desk.goto("/moderation")
    tab_to(desk, ".violation summary")
    desk.keyboard.press("Enter")
    tab_to(desk, "input[type=radio]")
    desk.keyboard.press("ArrowDown")
    tab_to(desk, "form.sheet button")
    desk.keyboard.press("Enter")
    expect(desk.locator("#notices")).to_contain_text("Banned.")
    tab_to(desk, "#undo", most=80)
    desk.keyboard.press("Enter")
    expect(desk.locator("#notices")).to_contain_text("Unbanned.")


def everywhere(offender: User, admin: User) -> list[tuple[User, str]]:
    """Every page with something on it."""
    key = Todo.objects.filter(owner=offender).order_by("pk").values_list("pk", flat=True)[0]
    mine = [(offender, path) for path in ("/", f"/todos/{key}", "/recurrences", "/password")]
    return mine + [(admin, path) for path in ("/moderation", "/moderation/words", f"/moderation/users/{offender.pk}")]


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [360, 1280])
def test_every_page_fits_and_can_be_read(live: Desk, offender: User, admin: User, width: int, dark: bool) -> None:
    pages: dict[User, Page] = {user: live.page(user, width=width, dark=dark) for user in (offender, admin)}
    for user, path in everywhere(offender, admin):
        page = pages[user]
        page.goto(path)
        for opened in (False, True):
            if opened:
                page.evaluate("() => { for (const e of document.querySelectorAll('details')) e.open = true; }")
            seen, bad = page.evaluate(CONTRAST)
            assert (bad, seen >= 8) == ([], True), path
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
            assert page.evaluate(UNNAMED) == []
            assert page.evaluate(SMALL) == []


def test_nothing_jumps_while_a_page_loads_or_answers(live: Desk, offender: User) -> None:
    page = live.page(offender)
    page.add_init_script(
        "window.shift = 0; new PerformanceObserver((list) => { for (const e of list.getEntries())"
        " if (!e.hadRecentInput) window.shift += e.value; }).observe({type: 'layout-shift', buffered: true});"
    )
    page.goto("/")
    before = page.locator(".todo").first.bounding_box()
    page.locator(".todo").first.get_by_label("Complete").click()
    expect(page.locator("#notices")).to_contain_text("Completed.")

    after = page.locator(".todo").first.bounding_box()
    assert before is not None
    assert after is not None
    assert (before["x"], before["y"]) == (after["x"], after["y"])
    assert page.evaluate("window.shift") < 0.01


def test_a_service_that_does_not_answer_loses_nothing_typed(live: Desk, user: User) -> None:
    page = live.page(user)
    page.route("**/*", lambda route: route.abort())
    add(page, "typed with care")

    expect(page.locator("#notices")).to_contain_text("did not answer")
    expect(page.get_by_label("What is to be done?")).to_have_value("typed with care")
    live.faults[:] = [fault for fault in live.faults if "ERR_FAILED" not in fault]


def test_a_user_banned_meanwhile_is_told_why(live: Desk, user: User, make_user: Callable[..., User]) -> None:
    from todo_app.accounts.bans import users_ban
    from todo_app.accounts.models import Role

    page = live.page(user)
    actor = make_user(role=Role.ADMIN)
    users_ban(user_ids=[user.pk], action="ban", reason="Enough of it", actor=actor, now=timezone.now())
    add(page, "too late")

    expect(page.get_by_role("heading", name="This account is banned")).to_be_visible()
    expect(page.locator("main")).to_contain_text("Enough of it")
