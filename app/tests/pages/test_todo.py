"""One todo: changing it, its buttons."""

import uuid

import pytest
from django.utils import timezone

from tests.pages.signed_in import signed_in
from todo_app.accounts.models import User
from todo_app.moderation.models import Violation
from todo_app.todos.models import Todo
from todo_app.todos.services import todo_create

pytestmark = pytest.mark.integration


@pytest.fixture
def key(user: User) -> uuid.UUID:
    """A todo of the user."""
    return todo_create(owner=user, title="Buy milk", description="two", now=timezone.now()).pk


def test_a_todo_is_changed_where_it_is_shown(user: User, key: uuid.UUID) -> None:
    client, address = signed_in(user), f"/todos/{key}"
    page = client.get(address).content.decode()
    assert 'value="Buy milk"' in page
    assert 'name="version" value="1"' in page

    response = client.post(address, {"title": "Buy <oats>", "description": "", "version": 1}, follow=True)

    assert "Saved." in response.content.decode()
    assert "Buy &lt;oats&gt;" in response.content.decode()
    assert Todo.objects.get(pk=key).title == "Buy <oats>"


def test_what_changed_meanwhile_is_shown_and_not_overwritten_unseen(user: User, key: uuid.UUID) -> None:
    client, address = signed_in(user), f"/todos/{key}"
    client.post(address, {"title": "First", "version": 1})

    response = client.post(address, {"title": "Second", "version": 1})

    page = response.content.decode()
    assert response.status_code == 412
    assert "First" in page
    assert 'value="Second"' in page
    assert 'name="version" value="2"' in page
    assert Todo.objects.get(pk=key).title == "First"
    client.post(address, {"title": "Second", "version": 2})
    assert Todo.objects.get(pk=key).title == "Second"


def test_a_refused_change_marks_the_words_and_keeps_what_was_typed(user: User, key: uuid.UUID, word: str) -> None:
    response = signed_in(user).post(f"/todos/{key}", {"title": "fine", "description": f"no {word}!", "version": 1})

    page = response.content.decode()
    assert response.status_code == 409
    assert f"<mark>{word}</mark>" in page
    assert f"no {word}!</textarea>" in page
    assert Violation.objects.filter(user=user).count() == 1
    assert Todo.objects.get(pk=key).title == "Buy milk"


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"title": ""}, "Say what is to be done."),
        ({"title": " \n"}, "Say what is to be done."),
        ({"title": "a" * 201}, "at most 200"),
        ({"title": "a", "description": "b" * 10_001}, "at most 10,000"),
        ({"title": "a\x00b"}, "Null characters are not allowed."),
    ],
)
def test_each_error_says_what_would_be_right(user: User, key: uuid.UUID, fields: dict[str, str], told: str) -> None:
    for address in (f"/todos/{key}", "/"):
        response = signed_in(user).post(address, fields)
        assert response.status_code == 422
        assert told in response.content.decode()
    assert Todo.objects.get(owner=user).version == 1


def test_each_button_does_what_it_says(user: User, key: uuid.UUID) -> None:
    client = signed_in(user)
    for action, status in (("start", "in_progress"), ("complete", "done"), ("reopen", "open"), ("cancel", "cancelled")):
        page = client.post(f"/todos/{key}/{action}", {"next": f"/todos/{key}"}, follow=True)
        assert page.redirect_chain == [(f"/todos/{key}", 302)]
        assert Todo.objects.get(pk=key).status == status
    client.post(f"/todos/{key}/delete")
    assert not Todo.objects.filter(pk=key).exists()
    assert "gone" in client.post(f"/todos/{key}/complete", follow=True).content.decode()


def test_a_button_leads_back_to_this_site_only(user: User, key: uuid.UUID) -> None:
    response = signed_in(user).post(f"/todos/{key}/start", {"next": "//evil.example/"})

    assert response.headers["Location"] == "/"
