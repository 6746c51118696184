"""The audit trail: every way of writing leaves a row with whoever it was, and nobody can take it back."""

import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import timezone

from tests.access import permission
from tests.conftest import api
from tests.servers import Servers
from todo_app.accounts.audit import users_audit
from todo_app.accounts.bans import users_ban
from todo_app.accounts.models import User
from todo_app.moderation.audit import words_audit
from todo_app.moderation.models import BannedWord

pytestmark = pytest.mark.integration


def newest(user: User) -> dict[str, Any]:
    """The last row of this user's trail."""
    row = users_audit(user_id=user.pk).first()
    assert row is not None
    return row


def test_a_ban_through_the_api_names_actor_route_and_request(user: User, admin: User) -> None:
    body = {"user_ids": [str(user.pk)], "action": "ban", "reason": "spam"}
    answer = api(admin).post("/api/v1/users/ban", body, content_type="application/json")

    row = newest(user)
    assert (row["change"], row["is_banned"], row["ban_reason"], row["banned_by_id"]) == (
        "update",
        True,
        "spam",
        admin.pk,
    )
    assert row["context"] == {
        "actor": str(admin.pk),
        "route": "api/v1/users/ban",
        "request_id": answer.headers["X-Request-ID"],
    }


def test_raw_sql_and_update_leave_a_row_without_an_actor(user: User) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_user SET role = 'admin' WHERE id = %s", [user.pk])

    row = newest(user)
    assert (row["change"], row["role"], row["context"]) == ("update", "admin", None)


def test_columns_that_are_not_audited_leave_no_row(user: User) -> None:
    before = users_audit(user_id=user.pk).count()
    user.violation_count = 4
    user.save()

    assert users_audit(user_id=user.pk).count() == before == 1


def test_facts_of_one_request_do_not_reach_the_next_writer(user: User, admin: User) -> None:
    users_ban(user_ids=[user.pk], action="ban", reason="x", actor=admin, now=timezone.now())
    assert newest(user)["context"] is None, "a service called outside of a request"

    body = {"user_ids": [str(user.pk)], "action": "unban", "reason": "x"}
    assert api(admin).post("/api/v1/users/ban", body, content_type="application/json").status_code == 200
    assert newest(user)["context"]["actor"] == str(admin.pk)
    user.refresh_from_db()
    user.username += "-renamed"
    user.save()
    assert newest(user)["context"] is None


def test_the_session_of_a_page_is_an_actor_too(user: User, admin: User) -> None:
    client = Client()
    client.force_login(admin, backend="todo_app.accounts.backends.AccountBackend")
    client.post(f"/moderation/users/{user.pk}/ban", {"action": "ban", "reason": "spam"})

    assert newest(user)["context"]["actor"] == str(admin.pk)


def test_a_command_is_named(database: Servers, tmp_path: Path) -> None:
    word, file = f"command{secrets.token_hex(6)}", tmp_path / "words.csv"
    file.write_text(f"word,kind,severity\n{word},literal,low\n", encoding="utf-8")
    environment = {**database.environment(), "PATH": "/usr/bin:/bin", "DJANGO_SETTINGS_MODULE": "config.settings"}
    # what every command of `entrypoint` goes through; `migrate` would write words only into an empty list
    program = "import sys; from config.commands import _manage; sys.exit(_manage(*sys.argv[1:]))"
    command = [sys.executable, "-c", program, "words_csv", "import", str(file)]
    subprocess.run(command, cwd=Path(__file__).parents[2], env=environment, check=True, timeout=100)

    row = words_audit(word_id=BannedWord.objects.get(word=word).pk).get()
    assert row["context"] == {"command": "words_csv"}


def test_words_have_a_trail_that_outlives_them(admin: User) -> None:
    client = api(admin)
    word = f"trail{admin.pk.hex[:12]}"
    body = {"word": word, "severity": 1}
    key = client.post("/api/v1/banned-words", body, content_type="application/json").json()["id"]
    client.delete(f"/api/v1/banned-words/{key}")

    rows = client.get(f"/api/v1/audit/words?object_id={key}").json()["data"]

    assert [(row["change"], row["word"], row["context"]["actor"]) for row in rows] == [
        ("delete", word, str(admin.pk)),
        ("insert", word, str(admin.pk)),
    ]


def grants(trail: str, **chosen: object) -> list[tuple[str, object]]:
    """What a trail of permissions tells: given or taken, and whoever did it."""
    rows = apps.get_model("accounts", trail)._default_manager.filter(**chosen).order_by("pgh_id")
    return [(row.pgh_label, (row.pgh_context or {}).get("actor")) for row in rows]


def test_a_permission_and_a_group_given_in_admin_name_the_giver(user: User, admin: User) -> None:
    group, given = Group.objects.create(name=f"keepers-{user.pk.hex}"), permission("moderation.manage_words")
    group.permissions.add(given)
    client = Client()
    client.force_login(admin, backend="todo_app.accounts.backends.AccountBackend")
    where = f"/admin/accounts/user/{user.pk}/change/"
    seen = client.get(where).context["adminform"].form.initial["seen"]
    form = {"username": user.username, "role": "user", "seen": seen}
    told = client.post(where, form | {"user_permissions": [given.pk], "groups": [group.pk]})
    assert told.status_code == 302, told.context["errors"]

    giver = str(admin.pk)
    assert grants("UserPermissionAudit", user=user.pk, permission=given.pk) == [("given", giver)]
    assert grants("MembershipAudit", user=user.pk, group=group.pk) == [("given", giver)]
    assert grants("GroupPermissionAudit", group=group.pk) == [("given", None)], "given by no request"


def test_what_is_taken_away_is_told_also_when_raw_sql_did_it(user: User) -> None:
    group = Group.objects.create(name=f"former-{user.pk.hex}")
    user.groups.add(group)
    user.user_permissions.add(permission("accounts.ban_user"))
    user.user_permissions.clear()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM accounts_user_groups WHERE user_id = %s", [user.pk])

    assert grants("UserPermissionAudit", user=user.pk) == [("given", None), ("taken", None)]
    assert grants("MembershipAudit", user=user.pk) == [("given", None), ("taken", None)]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM accounts_useraudit",
        "UPDATE accounts_useraudit SET username = ''",
        "DELETE FROM accounts_userpermissionaudit",
    ],
)
def test_nobody_rewrites_the_trail(user: User, statement: str) -> None:
    user.user_permissions.add(permission("accounts.ban_user"))
    before = users_audit().count()

    with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
        connection.cursor().execute(statement)

    assert users_audit().count() == before > 0


def test_the_trail_is_paged_newest_first(user: User, admin: User) -> None:
    for number in range(3):
        user.refresh_from_db()
        user.username = f"{user.username[:20]}-{number}-{user.pk.hex[-8:]}"
        user.save()
    client, address = api(admin), f"/api/v1/audit/users?object_id={user.pk}&limit=2"

    first = client.get(address).json()
    second = client.get(f"{address}&cursor={first['next']}").json()

    rows = first["data"] + second["data"]
    assert (len(rows), second["next"]) == (4, None)
    assert [row["id"] for row in rows] == sorted((row["id"] for row in rows), reverse=True)
