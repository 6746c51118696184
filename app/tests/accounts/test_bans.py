"""Bans: effective on the next request, never of oneself or the last admin, columns agree."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.conftest import api
from todo_app.accounts.bans import BATCH, users_ban
from todo_app.accounts.models import Role, User
from todo_app.outbox.models import Event

pytestmark = pytest.mark.integration
BACKEND = "todo_app.accounts.backends.AccountBackend"


def test_a_ban_ends_token_and_session_on_their_next_request(user: User, admin: User) -> None:
    token, session = api(user), Client()
    session.force_login(user, backend=BACKEND)
    assert token.get("/api/v1/todos").status_code == 200
    assert session.get("/").status_code == 200

    users_ban(user_ids=[user.pk], action="ban", reason="spam & <b>", actor=admin, now=timezone.now())

    refused = token.post("/api/v1/todos", {"title": "x"}, content_type="application/json")
    assert refused.status_code == 403
    assert refused.json()["type"] == "account-banned"
    assert refused.json()["reason"] == "spam & <b>"
    page = session.get("/")
    assert page.status_code == 403
    assert "spam &amp; &lt;b&gt;" in page.content.decode()
    assert session.get("/").status_code == 302, "the session is gone, not only refused"


def test_a_banned_user_who_signs_in_is_told_why(user: User, admin: User) -> None:
    users_ban(user_ids=[user.pk], action="ban", reason="spam", actor=admin, now=timezone.now())
    right = {"username": user.username, "password": f"passphrase-{user.username}"}

    page = Client().post("/sign-in", right)
    assert page.status_code == 403
    assert "spam" in page.content.decode()
    wrong = Client().post("/sign-in", {**right, "password": "guess"})
    assert wrong.status_code == 401
    assert "spam" not in wrong.content.decode(), "only who knows the password learns of the ban"


def test_after_an_unban_old_tokens_stay_dead_and_the_count_starts_anew(user: User, admin: User) -> None:
    user.violation_count = 7
    user.save()
    client = api(user)
    users_ban(user_ids=[user.pk], action="ban", reason="spam", actor=admin, now=timezone.now())
    users_ban(user_ids=[user.pk], action="unban", reason="sorry", actor=admin, now=timezone.now())

    assert client.get("/api/v1/auth/me").status_code == 401
    assert api(user).get("/api/v1/auth/me").json()["violation_count"] == 0


def test_one_call_for_many_says_what_became_of_each(make_user: Callable[..., User], admin: User) -> None:
    free, banned, unknown = make_user(), make_user(), uuid.uuid4()
    users_ban(user_ids=[banned.pk], action="ban", reason="first", actor=admin, now=timezone.now())

    body = {
        "user_ids": [str(k) for k in (free.pk, banned.pk, unknown, admin.pk, free.pk)],
        "action": "ban",
        "reason": "all",
    }
    answer = api(admin).post("/api/v1/users/ban", body, content_type="application/json").json()

    assert answer == {
        "changed": [str(free.pk)],
        "unchanged": [str(banned.pk)],
        "not_found": [str(unknown)],
        "refused": [str(admin.pk)],
    }
    assert Event.objects.filter(key=str(free.pk), type="user.banned").count() == 1
    assert User.objects.get(pk=banned.pk).ban_reason == "first"


def test_toggle_goes_both_ways(user: User, admin: User) -> None:
    for expected in (True, False):
        users_ban(user_ids=[user.pk], action="toggle", reason="x", actor=admin, now=timezone.now())
        assert User.objects.get(pk=user.pk).is_banned is expected


def test_the_outcome_can_be_downloaded(user: User, admin: User) -> None:
    body = {"user_ids": [str(user.pk)], "action": "ban", "reason": "x"}

    answer = api(admin).post("/api/v1/users/ban?download=1", body, content_type="application/json")

    assert answer.json()["changed"] == [str(user.pk)]
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="users-ban-2')
    assert answer.headers["Content-Type"] == "application/json"


def test_ten_thousand_users_cost_a_bounded_number_of_statements(admin: User) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_user (id, created_on, updated_on, password, is_superuser, username, role, is_banned,"
            " ban_reason, violation_count) SELECT gen_random_uuid(), now(), now(), '', false, 'bulk-' || %s || n,"
            " 'user', false, '', 0 FROM generate_series(1, 10000) AS n RETURNING id",
            [admin.pk.hex],
        )
        keys = [row[0] for row in cursor.fetchall()]
    client = api(admin)

    with CaptureQueriesContext(connection) as queries:
        body = {"user_ids": [str(key) for key in keys], "action": "ban", "reason": "raid"}
        answer = client.post("/api/v1/users/ban", body, content_type="application/json")

    assert (answer.status_code, len(answer.json()["changed"])) == (200, 10_000)
    assert len(queries) <= 10 * 10_000 // BATCH, "some statements a batch, none a user"
    banned = User.objects.filter(pk__in=keys, is_banned=True, banned_by=admin, session_epoch=1)
    assert banned.count() == 10_000
    assert Event.objects.filter(type="user.banned", key__in=map(str, keys)).count() == 10_000
    assert Event.objects.filter(type="user.updated", key__in=map(str, keys)).count() == 10_000


def test_two_admins_who_ban_one_another_leave_one(make_user: Callable[..., User]) -> None:
    first, second = make_user(role=Role.ADMIN), make_user(role=Role.ADMIN)
    pairs = [(first, second), (second, first)] * 4

    def one(pair: tuple[User, User]) -> None:
        actor, target = pair
        users_ban(user_ids=[target.pk], action="ban", reason="x", actor=actor, now=timezone.now())
        connection.close()

    others = User.objects.filter(role=Role.ADMIN, is_banned=False).exclude(pk__in=[first.pk, second.pk])
    parked = list(others.values_list("pk", flat=True))
    QuerySet(User).filter(pk__in=parked).update(role=Role.USER)
    try:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(one, pairs))
        assert User.objects.filter(role=Role.ADMIN, is_banned=False).count() == 1
    finally:
        QuerySet(User).filter(pk__in=parked).update(role=Role.ADMIN)


def test_an_admin_reads_one_user(user: User, admin: User) -> None:
    row = api(admin).get(f"/api/v1/users/{user.pk}").json()

    assert (row["username"], row["role"], row["is_banned"], row["banned_by_id"]) == (user.username, "user", False, None)
    assert "password" not in row


@pytest.mark.parametrize(
    "columns",
    [
        {"is_banned": True},
        {"is_banned": True, "ban_reason": "x"},
        {"is_banned": True, "banned_on": timezone.now()},
        {"ban_reason": "x"},
        {"banned_on": timezone.now()},
        {"role": "root"},
    ],
)
def test_columns_that_do_not_agree_are_refused_by_the_database(user: User, columns: dict[str, object]) -> None:
    for name, value in columns.items():
        setattr(user, name, value)

    with pytest.raises(IntegrityError), transaction.atomic():
        user.save()


def test_names_differ_by_more_than_case(user: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create_user(user.username.upper(), "passphrase", role=Role.USER)
