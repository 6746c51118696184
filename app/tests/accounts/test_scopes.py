"""Tokens: only for what they were made for, only as long, only while nothing about the user's access changed."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet
from django.test import Client
from django.utils import timezone

from tests.conftest import api
from todo_app.accounts.models import ApiToken, Role, User
from todo_app.accounts.scopes import FOR_USERS, RESOURCES, Scope
from todo_app.accounts.services import TOKEN_LIFETIME_MAX, ScopeRefused, token_create

pytestmark = pytest.mark.integration
BACKEND = "todo_app.accounts.backends.AccountBackend"


def sign_in(user: User, **more: object) -> dict[str, object]:
    """What the API says to a right password."""
    body = {"username": user.username, "password": f"passphrase-{user.username}", **more}
    answer = Client().post("/api/v1/auth/tokens", body, content_type="application/json")
    return {"status": answer.status_code, **answer.json()}


def test_a_token_does_what_its_scopes_say_and_nothing_else(user: User) -> None:
    issued = sign_in(user, scopes=["todos:read"])
    client = Client(headers={"Authorization": f"Bearer {issued['token']}"})

    assert issued["scopes"] == ["todos:read"]
    assert client.get("/api/v1/todos").status_code == 200
    refused = client.post("/api/v1/todos", {"title": "x"}, content_type="application/json")
    assert (refused.status_code, refused.json()["scope"]) == (403, "todos:write")
    assert 'error="insufficient_scope"' in refused.headers["WWW-Authenticate"]
    assert client.get("/api/v1/auth/me").status_code == 403


def test_without_scopes_a_token_has_those_of_the_role(user: User, admin: User) -> None:
    assert sign_in(user)["scopes"] == [scope for scope in Scope.values if scope.partition(":")[0] in FOR_USERS]
    assert sign_in(admin)["scopes"] == Scope.values
    assert {scope.partition(":")[0] for scope in Scope.values} == RESOURCES


def test_nobody_gets_a_scope_beyond_the_role(user: User) -> None:
    answer = sign_in(user, scopes=["todos:read", "users:write"])

    assert (answer["status"], answer["type"], answer["scopes"]) == (422, "scope-refused", ["users:write"])
    with pytest.raises(ScopeRefused):
        token_create(user=user, name="", scopes=["words:write"], now=timezone.now())
    assert sign_in(user, scopes=["everything"])["status"] == 422
    assert sign_in(user, scopes=[])["status"] == 422


def test_the_caller_chooses_the_lifetime_within_the_limit(user: User) -> None:
    sign_in(user, expires_in=3600)
    row = ApiToken.objects.filter(user=user).latest("pk")

    assert row.expires_on - row.created_on == timedelta(hours=1)
    limit = int(TOKEN_LIFETIME_MAX.total_seconds())
    assert sign_in(user, expires_in=limit)["status"] == 201
    assert sign_in(user, expires_in=limit + 1)["status"] == 422
    assert sign_in(user, expires_in=59)["status"] == 422


def test_the_list_says_which_tokens_still_work(user: User) -> None:
    now = timezone.now()
    token_create(user=user, name="old", lifetime=timedelta(days=1), now=now - timedelta(days=2))
    token_create(user=user, name="revoked", now=now)
    ApiToken.objects.filter(name="revoked", user=user).update(revoked_on=now)

    rows = api(user).get("/api/v1/auth/tokens").json()["data"]

    assert {row["name"]: row["usable"] for row in rows} == {"old": False, "revoked": False, "test": True}


@pytest.mark.parametrize("scopes", [[], ["everything"]])
def test_the_database_knows_the_scopes(user: User, scopes: list[str]) -> None:
    token_create(user=user, name="", now=timezone.now())

    with pytest.raises(IntegrityError), transaction.atomic():
        ApiToken.objects.filter(user=user).update(scopes=scopes)


CHANGES = {
    "role": "UPDATE accounts_user SET role = 'admin' WHERE id = %s",
    "password": "UPDATE accounts_user SET password = 'x' WHERE id = %s",
    "ban and unban": "UPDATE accounts_user SET is_banned = true, ban_reason = 'x', banned_on = now() WHERE id = %s;"
    "UPDATE accounts_user SET is_banned = false, ban_reason = '', banned_on = NULL WHERE id = %s",
}


@pytest.mark.parametrize("change", CHANGES)
def test_raw_sql_that_changes_access_ends_sessions_and_tokens(user: User, change: str) -> None:
    token, session = api(user), Client()
    session.force_login(user, backend=BACKEND)
    assert (token.get("/api/v1/auth/me").status_code, session.get("/").status_code) == (200, 200)

    with connection.cursor() as cursor:
        cursor.execute(CHANGES[change], [user.pk] * CHANGES[change].count("%s"))

    assert (token.get("/api/v1/auth/me").status_code, session.get("/").status_code) == (401, 302)


def test_save_moves_the_epoch_once_and_knows_it(user: User) -> None:
    user.role = Role.ADMIN
    user.save(update_fields=["role"])

    assert user.session_epoch == User.objects.get(pk=user.pk).session_epoch == 1
    user.violation_count = 3
    user.save()
    assert User.objects.get(pk=user.pk).session_epoch == 1


def test_the_last_administrator_keeps_the_role(admin: User) -> None:
    others = User.objects.filter(role=Role.ADMIN, is_banned=False).exclude(pk=admin.pk)
    parked = list(others.values_list("pk", flat=True))
    QuerySet(User).filter(pk__in=parked).update(role=Role.USER)
    try:
        admin.role = Role.USER
        with pytest.raises(ValidationError, match="last administrator"):
            admin.clean()
    finally:
        QuerySet(User).filter(pk__in=parked).update(role=Role.ADMIN)


def test_the_list_tells_tokens_of_an_earlier_epoch_as_ended(user: User) -> None:
    token_create(user=user, name="before", now=timezone.now())
    user.role = Role.ADMIN
    user.save()

    rows = api(user).get("/api/v1/auth/tokens").json()["data"]

    assert {row["name"]: row["usable"] for row in rows} == {"before": False, "test": True}
