"""The list of banned words."""

import pytest
from django.utils.html import escape
from playwright.sync_api import expect

from tests.pages.live import Desk
from tests.pages.signed_in import signed_in
from todo_app.accounts.models import User
from todo_app.moderation.models import BannedWord, Kind
from todo_app.todos.models import Todo

pytestmark = pytest.mark.integration


def test_a_word_is_added_judges_at_once_and_is_removed(user: User, admin: User, word: str) -> None:
    desk, new = signed_in(admin), word[::-1]
    page = desk.post("/moderation/words", {"word": new, "severity": 3}, follow=True).content.decode()
    assert "Added" in page
    assert signed_in(user).post("/", {"title": f"a {new}"}).status_code == 409

    row = BannedWord.objects.get(word=new)
    page = desk.post(f"/moderation/words/{row.pk}/delete", follow=True).content.decode()
    assert "Removed" in page
    signed_in(user).post("/", {"title": f"a {new}"})
    assert Todo.objects.filter(owner=user, title=f"a {new}").exists()
    assert "any more" in desk.post(f"/moderation/words/{row.pk}/delete", follow=True).content.decode()


@pytest.mark.parametrize(
    ("typed", "status", "told"),
    [("", 422, "Enter a word"), ("a" * 101, 422, "at most 100"), ("!!!", 422, "never be found|found in a text")],
)
def test_a_word_that_cannot_be_added_is_kept_in_the_form(admin: User, typed: str, status: int, told: str) -> None:
    response = signed_in(admin).post("/moderation/words", {"word": typed, "severity": 1})

    page = response.content.decode()
    assert response.status_code == status
    assert any(part in page for part in told.split("|"))
    assert f'value="{escape(typed)}"' in page


def test_a_pattern_is_added_by_those_who_ask_and_judges(user: User, admin: User, word: str) -> None:
    desk, pattern = signed_in(admin), rf"\b{word[:8]}[0-9]+\b"
    page = desk.post("/moderation/words", {"word": pattern, "severity": 2, "kind": "pattern"}, follow=True)

    assert ">pattern<" in page.content.decode()
    row = BannedWord.objects.get(word=pattern)
    assert row.kind == Kind.PATTERN
    assert signed_in(user).post("/", {"title": f"a {word[:8]}77 b"}).status_code == 409
    desk.post(f"/moderation/words/{row.pk}/delete")


@pytest.mark.parametrize(
    ("typed", "told"),
    [("a(b", "missing )"), ("a*", "matches the empty text"), ("(a{1,50}){1,50}", "RE2 says|instructions")],
)
def test_a_bad_pattern_is_told_at_the_field_and_kept(admin: User, typed: str, told: str) -> None:
    response = signed_in(admin).post("/moderation/words", {"word": typed, "severity": 1, "kind": "pattern"})

    errors, page = response.context["form"].errors, response.content.decode()
    assert (response.status_code, set(errors)) == (422, {"word"})
    assert errors["word"][0].startswith("This is refused as a pattern: ")
    assert any(part in errors["word"][0] for part in told.split("|")), errors
    assert 'id="word-error"' in page
    assert f'value="{escape(typed)}"' in page
    assert 'value="pattern" aria-describedby="pattern-help" checked' in page
    assert not BannedWord.objects.filter(word=typed).exists()


def test_a_pattern_is_asked_for_by_keyboard_at_360_px(live: Desk, admin: User) -> None:
    page = live.page(admin, width=360)
    page.goto("/moderation/words")
    page.get_by_label("Word or phrase").fill("a(b")
    page.get_by_text("Pattern", exact=True).press("Enter")
    page.get_by_label("Read it as a pattern").press("Space")
    page.get_by_role("button", name="Add", exact=True).click()

    expect(page.get_by_role("alert")).to_contain_text("missing )")
    expect(page.get_by_label("Read it as a pattern")).to_be_checked()
    expect(page.get_by_label("Word or phrase")).to_be_focused()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_word_that_is_listed_already_says_as_what(admin: User, word: str) -> None:
    response = signed_in(admin).post("/moderation/words", {"word": word.upper(), "severity": 1})

    assert response.status_code == 409
    assert f"as: {word}" in response.content.decode()


def test_the_list_is_searched(admin: User, word: str) -> None:
    page = signed_in(admin).get("/moderation/words", {"q": word[3:-1].upper()}).content.decode()
    assert page.count(">Remove<") == 1
    assert word in page

    page = signed_in(admin).get("/moderation/words", {"q": "no-such-word"}).content.decode()
    assert "No word of the list" in page
    assert signed_in(admin).get("/moderation/words", {"q": "no-such-\x00word"}).status_code == 400
    assert signed_in(admin).get("/moderation/words", {"cursor": "nonsense"}).status_code == 404
