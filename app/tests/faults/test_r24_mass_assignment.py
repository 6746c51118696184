"""R24: every column of every table in every write body; only what is declared changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import models
from django.utils import timezone

from tests.conftest import api
from tests.faults.harness import Fault, FaultRun
from todo_app.accounts.models import ApiToken, User
from todo_app.api.schemas.todos import TodoPatch
from todo_app.moderation.models import BannedWord
from todo_app.todos.models import Recurrence, Todo
from todo_app.todos.recurrences import recurrence_create
from todo_app.todos.rrule import Rule
from todo_app.todos.services import todo_create

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]
FAULT = Fault(
    id="R24",
    title="mass-assignment",
    promise="a write body changes what its schema declares and nothing else",
    defect="members the schema does not know are passed on",
)
ALWAYS = {"version", "updated_on", "next_on"}  # follow from any change


def columns() -> dict[str, models.Field[Any, Any]]:
    """Every column that a body could name, by attribute and by field name."""
    found: dict[str, models.Field[Any, Any]] = {}
    for model in (Todo, Recurrence, User, ApiToken, BannedWord):
        for field in model._meta.concrete_fields:
            found |= {field.name: field, field.attname: field}
    return found


def value(field: models.Field[Any, Any], other: User) -> object:
    """What an attacker would send."""
    kind = field.get_internal_type()
    if field.is_relation or kind == "UUIDField":
        return str(other.pk)
    return {
        "DateTimeField": "2031-01-01T00:00:00Z",
        "BooleanField": True,
        "PositiveIntegerField": 7,
        "PositiveSmallIntegerField": 3,
        "ArrayField": ["x"],
    }.get(kind, "done" if field.name == "status" else "admin" if field.name == "role" else "x")


def row(model: type[models.Model], key: object) -> dict[str, Any]:
    """All columns as they are stored."""
    return model._base_manager.filter(pk=key).values().get()


@contextmanager
def seeded(*, defective: bool) -> Iterator[None]:
    """With the defect the schema lets through what it does not know."""
    before = TodoPatch.model_config.get("extra")
    try:
        if defective:
            TodoPatch.model_config["extra"] = "allow"
            TodoPatch.model_rebuild(force=True)
        yield
    finally:
        TodoPatch.model_config["extra"] = before
        TodoPatch.model_rebuild(force=True)


def changed_by(user: User, other: User, name: str, sent: object) -> list[str]:
    """What one member changes, undeclared, in a todo, a recurrence and the caller, by PATCH and POST."""
    client, now, wrong = api(user), timezone.now(), []
    todo = todo_create(owner=user, title="mine", now=now)
    again = recurrence_create(
        owner=user, title="mine", rule=Rule("FREQ=DAILY"), time_zone="UTC", starts_on=now, now=now
    )
    me = row(User, user.pk)
    options: dict[str, Any] = {"content_type": "application/json", "headers": {"If-Match": "*"}}
    declared = {"title", "description", "tags", "priority"}
    for model, path, key, own in (
        (Todo, "todos", todo.pk, {"assignee_id", "due_on"}),
        (Recurrence, "recurrences", again.pk, {"rule", "time_zone", "starts_on"}),
    ):
        before = row(model, key)
        status = client.patch(f"/api/v1/{path}/{key}", {name: sent}, **options).status_code
        after = row(model, key)
        differing = {column for column in after if after[column] != before[column]} - ALWAYS
        wrong += [f"PATCH {path} {column}" for column in differing - ({name} & (declared | own))]
        if name not in declared | own and status != 422:
            wrong.append(f"PATCH {path} {name}: {status}")
        body = {"title": "new", "rule": "FREQ=DAILY", "starts_on": now.isoformat()} if path == "recurrences" else {}
        made = client.post(f"/api/v1/{path}", {"title": "new", **body, name: sent}, **options)
        if made.status_code == 201 and name not in declared | own:
            wrong.append(f"POST {path} {name}: 201")
    if row(User, user.pk) != me:
        wrong.append(f"user by {name}")
    return wrong


def probe(run: FaultRun, make_user: Callable[..., User]) -> None:
    """Every column once, `rounds` times."""
    n, wrong, names = 0, [], columns()
    with seeded(defective=run.defective):
        for _ in range(run.rounds):
            user, other = make_user(), make_user()
            for name, field in names.items():
                wrong += changed_by(user, other, name, value(field, other))
                n += 4
                Recurrence.objects.filter(owner=user).delete()
    assert len(names) >= 40, "columns are missing"
    run.verdict(n=n, failures=len(wrong), note=f"{len(names)} columns; {'; '.join(wrong[:3])}")


def test_promise_holds(fault_run: FaultRun, make_user: Callable[..., User]) -> None:
    probe(fault_run, make_user)


def test_defect_turns_it_red(fault_run: FaultRun, make_user: Callable[..., User]) -> None:
    probe(fault_run, make_user)
