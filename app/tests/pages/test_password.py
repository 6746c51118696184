"""Changing one's own password: this session goes on, everything else ends."""

import pytest
from django.test import Client
from playwright.sync_api import expect

from tests.conftest import api
from tests.pages.live import Desk
from tests.pages.signed_in import signed_in
from todo_app.accounts.models import User
from todo_app.accounts.throttle import PAIR_TRIES

pytestmark = pytest.mark.integration
NEW = "a quite new passphrase"


def typed(user: User, **more: str) -> dict[str, str]:
    """A good form, changed by `more`."""
    return {"old_password": f"passphrase-{user.username}", "new_password1": NEW, "new_password2": NEW, **more}


def test_other_sessions_and_tokens_end_and_this_one_goes_on(user: User) -> None:
    here, there, token = signed_in(user), signed_in(user), api(user)

    page = here.post("/password", typed(user), follow=True)

    assert "Everywhere else you are signed out" in page.content.decode()
    assert (here.get("/").status_code, there.get("/").status_code) == (200, 302)
    assert token.get("/api/v1/auth/me").status_code == 401
    for password, status in ((f"passphrase-{user.username}", 401), (NEW, 302)):
        assert Client().post("/sign-in", {"username": user.username, "password": password}).status_code == status


@pytest.mark.parametrize(
    ("more", "field", "told"),
    [
        ({"old_password": "wrong"}, "old_password", "incorrectly"),
        ({"new_password2": "other"}, "new_password2", "match"),
        ({"new_password1": "short", "new_password2": "short"}, "new_password2", "at least 10"),
        ({"new_password1": "password123", "new_password2": "password123"}, "new_password2", "common"),
    ],
)
def test_what_is_wrong_is_told_at_its_field_and_changes_nothing(
    user: User, more: dict[str, str], field: str, told: str
) -> None:
    response = signed_in(user).post("/password", typed(user, **more))

    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert told in " ".join(response.context["form"].errors[field])
    assert f'id="{field}-error"' in response.content.decode()
    assert NEW not in response.content.decode()
    assert User.objects.get(pk=user.pk).password == user.password


def test_tries_of_the_old_password_are_counted_like_those_of_signing_in(user: User) -> None:
    client = signed_in(user)
    for _ in range(PAIR_TRIES):
        client.post("/password", typed(user, old_password="wrong"))

    response = client.post("/password", typed(user))

    assert "Too many tries" in response.context["form"].errors["old_password"][0]
    assert User.objects.get(pk=user.pk).password == user.password


def test_whom_an_identity_provider_vouches_for_has_none_to_change(user: User) -> None:
    user.set_unusable_password()
    user.save()

    page = signed_in(user).get("/password").content.decode()

    assert "identity provider" in page
    assert 'type="password"' not in page


@pytest.mark.parametrize(("width", "scripts"), [(360, True), (1280, False)])
def test_it_is_found_in_the_header(live: Desk, user: User, width: int, scripts: bool) -> None:
    page = live.page(user, width=width, scripts=scripts)
    page.get_by_role("link", name="Password").click()
    page.get_by_label("Password now").fill(f"passphrase-{user.username}")
    page.get_by_label("New password", exact=True).fill(NEW)
    page.get_by_label("New password again").fill(NEW)
    page.get_by_role("button", name="Change password").click()

    expect(page.locator("#notices")).to_contain_text("Password changed.")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
