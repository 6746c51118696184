"""The service on two PostgreSQL servers: "default" and "s1"."""

from collections.abc import Callable, Iterator
from copy import deepcopy

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections
from django.utils import timezone

from tests.servers import Servers, another_postgresql
from todo_app.accounts.models import User
from todo_app.common.shards import on_shard
from todo_app.shards.move import user_move
from todo_app.shards.tables import user_tables
from todo_app.todos.services import todo_create

SETTINGS = ("SHARDS", "MIDDLEWARE", "SESSION_ENGINE")


@pytest.fixture(scope="module")
def sharded(database: Servers) -> Iterator[Servers]:
    """Switched on as config.settings does it for TODO_SHARDS=s1=…; the second server."""
    before = {name: deepcopy(getattr(settings, name)) for name in SETTINGS}
    with another_postgresql(database) as other:
        entry = {**connections["default"].settings_dict, "PORT": other.database_port}
        connections.settings["s1"] = entry
        settings.SHARDS = ("s1",)
        at = settings.MIDDLEWARE.index("django.contrib.sessions.middleware.SessionMiddleware") + 1
        settings.MIDDLEWARE = [*settings.MIDDLEWARE]
        settings.MIDDLEWARE.insert(at, "todo_app.accounts.home_middleware.HomeMiddleware")
        settings.SESSION_ENGINE = "todo_app.shards.sessions"
        try:
            call_command("bootstrap")
            yield other
        finally:
            for name, value in before.items():
                setattr(settings, name, value)
            with connection.cursor() as cursor:
                for table in user_tables():
                    cursor.execute(f"DROP FUNCTION IF EXISTS fence_{table.name}() CASCADE")
            connections["s1"].close()
            connections["s1"].close_pool()  # type: ignore[attr-defined]  # PostgreSQL's wrapper has it
            del connections["s1"], connections.settings["s1"]


@pytest.fixture
def moved(sharded: Servers, make_user: Callable[..., User]) -> User:
    """A user with three todos whose rows are on s1."""
    user = make_user()
    for number in range(3):
        todo_create(owner=user, title=f"before {number}", now=timezone.now())
    user_move(user_id=user.pk, target="s1", now=timezone.now())
    with on_shard("s1"):
        user.refresh_from_db()
    return user


@pytest.fixture(autouse=True)
def _two_servers(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("integration"):
        request.getfixturevalue("sharded")
