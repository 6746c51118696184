"""One user at the moderation desk."""

from collections.abc import Callable

import pytest

from tests.pages.signed_in import signed_in
from todo_app.accounts.models import User

pytestmark = pytest.mark.integration


def test_a_user_s_history_is_shown_with_the_words_marked(user: User, admin: User, word: str) -> None:
    for number in range(3):
        signed_in(user).post("/", {"title": f"{number} {word}"})

    page = signed_in(admin).get(f"/moderation/users/{user.pk}").content.decode()

    assert page.count(f"<mark>{word}</mark>") == 3
    assert user.username in page


def test_a_ban_is_told_with_a_button_that_undoes_it(user: User, admin: User) -> None:
    desk, address = signed_in(admin), f"/moderation/users/{user.pk}/ban"

    page = desk.post(address, {"action": "ban", "reason": "Spam", "note": "third time"}, follow=True)

    assert User.objects.get(pk=user.pk).ban_reason == "Spam: third time"
    assert f'action="{address}"' in page.content.decode().split('id="notices"')[1]
    desk.post(address, {"action": "unban", "reason": "Undone"})
    assert not User.objects.get(pk=user.pk).is_banned


def test_a_ban_that_cannot_be_is_refused_in_words(admin: User, make_user: Callable[..., User]) -> None:
    desk, other = signed_in(admin), make_user()
    cases = [
        (admin.pk, {"action": "ban", "reason": "x"}, "You cannot ban yourself"),
        (other.pk, {"action": "unban", "reason": "x"}, "Nothing to change"),
        (other.pk, {"action": "ban", "reason": " \x00"}, "Choose a reason"),
        (other.pk, {"action": "explode", "reason": "x"}, "Choose a reason"),
        ("01a1fc2e-20e6-75c3-a358-bab8fd44fdad", {"action": "ban", "reason": "x"}, "no such user"),
    ]
    for key, form, told in cases:
        assert told in desk.post(f"/moderation/users/{key}/ban", form, follow=True).content.decode()
    assert not User.objects.get(pk=other.pk).is_banned
    assert desk.get("/moderation/users/01a1fc2e-20e6-75c3-a358-bab8fd44fdad").status_code == 404


def test_a_reason_is_cut_to_what_the_column_holds(user: User, admin: User) -> None:
    signed_in(admin).post(f"/moderation/users/{user.pk}/ban", {"action": "ban", "reason": "a", "note": "b" * 600})

    assert len(User.objects.get(pk=user.pk).ban_reason) == 500
