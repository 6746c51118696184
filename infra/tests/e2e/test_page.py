"""The pages in a real Chromium: sign in, add a todo, be refused, see it in the moderation log."""

from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from infra.verify.bed import Bed

SIZE = {"width": 1100, "height": 760}


def signed_in(browser: Browser, bed: Bed, user: str) -> Page:
    """A page of a fresh session, signed in through the form."""
    page = browser.new_context(viewport=SIZE, base_url=bed.url).new_page()  # type: ignore[arg-type] # a plain dict of the right keys
    page.goto("/")
    page.get_by_label("Name").fill(user)
    page.get_by_label("Password").fill(bed.password(user))
    page.get_by_role("button", name="Sign in").click()
    return page


def test_a_user_adds_a_todo_and_is_refused_a_banned_word(browser: Browser, bed: Bed, out: Path) -> None:
    page = signed_in(browser, bed, "demo")
    expect(page.get_by_role("heading", name="My todos")).to_be_visible()
    page.get_by_label("What is to be done?").fill("book the ferry")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("listitem").filter(has_text="book the ferry").first).to_be_visible()
    page.get_by_label("What is to be done?").fill("visit the casino")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Not saved")
    expect(page.locator("mark")).to_have_text("casino")
    page.screenshot(path=out / "refused.png")
    page.goto("/")
    expect(page.get_by_role("listitem").filter(has_text="visit the casino")).to_have_count(0)
    page.screenshot(path=out / "todos.png")


def test_the_moderator_sees_the_refused_text(browser: Browser, bed: Bed, out: Path) -> None:
    bed.api().call("POST", "/todos", {"title": "cheap viagra here"})
    page = signed_in(browser, bed, "admin")
    page.goto("/moderation")
    entry = page.get_by_role("listitem").filter(has_text="cheap viagra here").first
    expect(entry).to_be_visible()
    expect(entry).to_contain_text("demo")
    page.screenshot(path=out / "moderation.png")


def test_a_wrong_password_does_not_sign_in(browser: Browser, bed: Bed) -> None:
    page = browser.new_context(viewport=SIZE, base_url=bed.url).new_page()  # type: ignore[arg-type] # as above
    page.goto("/sign-in")
    page.get_by_label("Name").fill("demo")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("Wrong name or password.")
