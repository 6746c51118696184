"""A person signs in at Vault in a real Chromium, by the gateway's page, and lands on their todos."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from infra.vault.desired import PAGE
from infra.verify.bed import Bed
from infra.verify.vault.live import password_of


def at_vault(browser: Browser, bed: Bed, *, width: int = 1100) -> Page:
    """A page that the service's button has sent to Vault; who signed the certificate is test_gateway's matter."""
    context = browser.new_context(
        viewport={"width": width, "height": 760}, base_url=bed.url, ignore_https_errors=True, reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto("/sign-in")
    page.get_by_role("link", name="Sign in with Vault").click()
    expect(page.get_by_role("heading", name="Sign in at Vault")).to_be_visible()
    return page


def test_a_person_signs_in_by_keyboard_and_lands_on_their_todos(browser: Browser, standard: Bed, out: Path) -> None:
    page = at_vault(browser, standard)
    assert page.url.startswith(f"https://vault.localhost:{standard.port}{PAGE}?")
    password, sent = password_of(standard, "ada"), list[Request]()
    page.on("request", lambda each: sent.append(each))  # noqa: PLW0108 - Playwright wants a function of Python
    page.screenshot(path=out / "vault-sign-in.png")

    page.keyboard.type("ada")
    page.keyboard.press("Tab")
    page.keyboard.type(password)
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="My todos")).to_be_visible()
    assert page.url == f"{standard.url}/"
    page.screenshot(path=out / "vault-signed-in.png")
    with_password = [each.url for each in sent if password in f"{each.url} {each.post_data} {each.headers}"]
    assert with_password == [f"https://vault.localhost:{standard.port}/v1/auth/userpass/login/ada"]


def test_a_wrong_password_is_told_and_the_page_fits_a_small_screen(browser: Browser, standard: Bed, out: Path) -> None:
    page = at_vault(browser, standard, width=360)
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("alert")).to_have_text("Wrong name or password.")
    expect(page.get_by_label("Password")).to_be_focused()
    expect(page.get_by_label("Password")).to_have_value("")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.screenshot(path=out / "vault-wrong-password.png")


@pytest.mark.parametrize("changed", ["redirect_uri=https%3A%2F%2Fevil.example.com%2F", "client_id=other"])
def test_a_link_that_vault_does_not_know_takes_nobody_anywhere(browser: Browser, standard: Bed, changed: str) -> None:
    page = at_vault(browser, standard)
    path, _, query = page.url.partition("?")
    kept = [pair for pair in query.split("&") if not pair.startswith(changed.partition("=")[0])]
    page.goto(f"{path}?{'&'.join([*kept, changed])}")
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(password_of(standard, "ada"))
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("alert")).to_contain_text("no longer good")
    assert page.url.startswith(path)


@pytest.mark.parametrize("path", ["/v1/sys/health", "/v1/secret/data/todo-app/common", "/v1/auth/userpass/users/ada"])
def test_of_vault_a_browser_gets_what_the_page_calls_and_nothing_else(
    browser: Browser, standard: Bed, path: str
) -> None:
    page = at_vault(browser, standard)

    assert page.evaluate("path => fetch(path).then(answer => answer.status)", path) == 404
