"""The image's commands on two databases: each walks all of them, or the one it is told."""

import json
import os
import subprocess
import sys
import time
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.utils import timezone

from tests.servers import Servers, free_port
from todo_app.accounts.models import User
from todo_app.common import maintenance
from todo_app.common.shards import current, on_shard
from todo_app.outbox.models import Event
from todo_app.shards.homes import home_of
from todo_app.todos.due import recurrences_run
from todo_app.todos.management.commands import run_due_todos
from todo_app.todos.models import Todo
from todo_app.todos.recurrences import recurrence_create
from todo_app.todos.rrule import Rule

pytestmark = pytest.mark.integration


def environment(database: Servers, other: Servers, folder: Path) -> dict[str, str]:
    """Of the image with both."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TODO_", "DJANGO_"))}
    place = f"s1=127.0.0.1:{other.database_port}/todo"
    ours = {"TODO_SHARDS": place, "TODO_RELAY_FOLDER": str(folder), "TODO_METRICS_PORT": str(free_port())}
    return {**clean, **database.environment(), **ours}


def entry(*arguments: str) -> list[str]:
    """The command line of the image."""
    return [sys.executable, str(settings.BASE_DIR / "entrypoint"), *arguments]


def test_a_relay_publishes_the_events_of_its_shard(
    moved: User, database: Servers, sharded: Servers, tmp_path: Path
) -> None:
    with on_shard("s1"):
        wanted = set(Event.objects.filter(published_on=None).values_list("pk", flat=True))
    relay = subprocess.Popen(entry("relay", "s1"), env=environment(database, sharded, tmp_path))
    try:
        for _ in range(400):
            with on_shard("s1"):
                left = Event.objects.filter(pk__in=wanted, published_on=None).count()
            if not left:
                break
            assert relay.poll() is None
            time.sleep(0.1)
    finally:
        relay.terminate()
    assert relay.wait(30) == 0

    lines = [json.loads(line) for path in (tmp_path / "s1").glob("*.jsonl") for line in path.read_text().splitlines()]
    assert wanted
    assert {str(key) for key in wanted} <= {line["id"] for line in lines}
    assert not list(tmp_path.glob("*.jsonl"))


def test_a_relay_of_no_shard_is_told_which_there_are(sharded: Servers) -> None:
    with pytest.raises(CommandError, match="'s9' is not a shard; there are: default, s1"):
        call_command("relay", "--shard", "s9")


def test_move_user_is_a_command_of_the_image(user: User, database: Servers, sharded: Servers, tmp_path: Path) -> None:
    command, env = entry("move-user", str(user.pk), "s1"), environment(database, sharded, tmp_path)
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    wrong = subprocess.run(
        entry("move-user", "me", "s1"), env=env, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 0, done.stderr
    assert home_of(user.pk) == "s1"
    assert (wrong.returncode, "Traceback" in wrong.stderr, "'me'" in wrong.stderr) == (1, False, True)


def test_run_due_todos_makes_those_of_every_database_even_when_one_is_away(
    moved: User, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    past = timezone.now() - timedelta(hours=30)
    for alias, owner in (("default", user), ("s1", moved)):
        with on_shard(alias):
            recurrence_create(
                owner=owner, title="again", rule=Rule("FREQ=DAILY"), time_zone="UTC", starts_on=past, now=past
            )
    real = recurrences_run

    def away(**named: object) -> object:
        if current() == "default":
            raise OperationalError("the server is away")
        return real(**named)  # type: ignore[arg-type]  # passed on

    monkeypatch.setattr(run_due_todos, "recurrences_run", away)
    with pytest.raises(CommandError, match="default: the server is away"):
        call_command("run_due_todos", stdout=StringIO())
    with on_shard("s1"):
        assert Todo.objects.filter(owner=moved, title="again").count() == 1
    monkeypatch.undo()
    call_command("run_due_todos", stdout=StringIO())
    assert Todo.objects.filter(owner=user, title="again").count() == 1


def test_maintenance_runs_its_chores_on_every_database(sharded: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def chore(*, now: object) -> int:
        seen.append(current())
        if current() == "default":
            raise OperationalError("no")
        return 3

    monkeypatch.setitem(maintenance._CHORES, "probe", chore)
    out = StringIO()
    with pytest.raises(CommandError, match=r"^probe failed"):
        call_command("maintenance", only="probe", stdout=out)
    assert (seen, out.getvalue()) == (["default", "s1"], "s1: probe: 3 rows\n")
