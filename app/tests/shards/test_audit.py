"""The audit trail tells who did it, on whichever database the row is."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from tests.config.test_environment import GOOD
from tests.conftest import api
from todo_app.accounts.audit import users_audit
from todo_app.accounts.models import User
from todo_app.common.audit import audited
from todo_app.common.shards import on_directory, on_shard

APP = Path(__file__).resolve().parents[2]
HOME = "todo_app.accounts.home_middleware.HomeMiddleware"
AFTER = ("todo_app.common.audit.AuditMiddleware", "todo_app.accounts.middleware.BanMiddleware")


def test_with_shards_the_home_is_found_before_the_audit_and_the_ban_look_at_a_connection(
    secrets_dir: Path,
) -> None:
    """In a process of its own: settings are read once."""
    code = "from django.conf import settings; print(*settings.MIDDLEWARE, sep='\\n')"
    environment = {**os.environ, **GOOD, "TODO_SECRETS_DIR": str(secrets_dir), "TODO_SHARDS": "s1=db1:5432/todo"}
    environment["DJANGO_SETTINGS_MODULE"] = "config.settings"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=APP, env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    order = done.stdout.split()

    assert order.index("django.contrib.sessions.middleware.SessionMiddleware") < order.index(HOME)
    assert all(order.index(HOME) < order.index(name) for name in AFTER)
    assert HOME not in settings.MIDDLEWARE


def told(user: User) -> Mapping[str, object]:
    """The facts of the user's newest audit row on s1."""
    with on_shard("s1"):
        return dict(users_audit(user_id=user.pk)[0]["context"] or {})


@pytest.mark.integration
def test_a_ban_by_an_administrator_of_the_directory_names_it_at_the_users_home(moved: User, admin: User) -> None:
    body = {"user_ids": [str(moved.pk)], "action": "ban", "reason": "enough"}

    answer = api(admin).post("/api/v1/users/ban", body, content_type="application/json")

    assert answer.json()["changed"] == [str(moved.pk)]
    assert told(moved)["actor"] == str(admin.pk)
    assert told(moved)["route"] == "api/v1/users/ban"


@pytest.mark.integration
def test_facts_follow_the_work_and_leave_no_connection_with_them(moved: User) -> None:
    with audited(lambda: {"command": "outer"}), on_shard("s1"):
        inside = len(connection.execute_wrappers)
        with on_directory():
            assert len(connection.execute_wrappers) == inside
        row = User.objects.get(pk=moved.pk)
        row.is_banned, row.ban_reason, row.banned_on = True, "test", timezone.now()
        row.save()
    with on_shard("s1"):
        assert connection.execute_wrappers == []

    assert told(moved)["command"] == "outer"
