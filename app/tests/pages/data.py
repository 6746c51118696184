"""A small believable world to look at: the pictures of README show it."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from todo_app.accounts.models import Role, User
from todo_app.moderation.checks import TextRefused
from todo_app.moderation.services import WordTaken, word_add
from todo_app.todos import services

WORDS = (("casino", 2), ("viagra", 3), ("jackpot", 1), ("free money", 2))
TODOS: tuple[tuple[str, str, str | None, dict[str, Any]], ...] = (
    (
        "Book the ferry to Bergen",
        "Two cabins, one car. The early one if there is still room.",
        "start",
        {"priority": 3, "tags": ["travel"], "days": 6},
    ),
    ("Renew the certificate of the mail relay", "", None, {"priority": 4, "tags": ["work", "mail"], "days": 1}),
    (
        "Write the post-mortem of Tuesday's outage",
        "Timeline, what helped, what did not. Ask Jonas for the graphs.",
        None,
        {"tags": ["work"], "days": 9},
    ),
    ("Water the plants on the third floor", "", "complete", {"tags": ["office"]}),
    ("Order a second display", "Not needed any more.", "cancel", {"priority": 1, "tags": ["office"]}),
    ("Read the chapter about connection pools", "", "complete", {"tags": ["reading"]}),
)
REFUSED = (
    ("max", "Win the J4CKPOT today"),
    ("max", "cheap viagra here and free m\u043eney for everybody"),
    ("tom", "Meet at the c\u0430sino at eight"),
    ("lea", "Notes for the talk about c4sino adverts"),
    ("max", "viagra viagra, visit our casino"),
)


def _user(name: str, role: Role = Role.USER) -> User:
    found: User | None = User.objects.filter(username=name).first()
    return found or User.objects.create_user(name, f"passphrase-{name}", role=role)


def _fields(more: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in more.items() if name != "days"}


def fill() -> dict[str, User]:
    """Users, words, todos and refusals."""
    people = {name: _user(name) for name in ("ann", "max", "tom", "lea")} | {"ada": _user("ada", Role.ADMIN)}
    now = timezone.now() - timedelta(days=2)
    for word, severity in WORDS:
        try:
            word_add(word=word, severity=severity, now=now)
        except WordTaken:
            continue
    steps = {"start": services.todo_start, "complete": services.todo_complete, "cancel": services.todo_cancel}
    for title, description, step, more in reversed(TODOS):
        days = more.get("days")
        due = now + timedelta(days=days) if days else None
        todo = services.todo_create(
            owner=people["ann"], title=title, description=description, due_on=due, now=now, **_fields(more)
        )
        if step:
            steps[step](actor=people["ann"], key=todo.pk, now=now + timedelta(hours=1))
    for number, (name, title) in enumerate(REFUSED):
        try:
            services.todo_create(owner=people[name], title=title, now=now + timedelta(hours=number * 5))
        except TextRefused:
            continue
    return people
