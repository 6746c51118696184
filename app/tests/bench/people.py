"""Rows the figures are measured on."""

from dataclasses import dataclass

from django.utils import timezone

from todo_app.accounts.models import Role, User
from todo_app.accounts.services import token_create
from todo_app.todos.services import todo_create


@dataclass(frozen=True)
class Person:
    """A user and the text of a token."""

    user: User
    token: str


def person(name: str, *, role: Role = Role.USER, todos: int = 0) -> Person:
    """A user with that many todos, each with a title of 30 and a description of 200 characters."""
    now = timezone.now()
    user = User.objects.create_user(name, role=role)
    for number in range(todos):
        todo_create(
            owner=user, title=f"water the plants, take {number:06}", description="every other day " * 12, now=now
        )
    return Person(user, token_create(user=user, name="bench", now=now).text)
