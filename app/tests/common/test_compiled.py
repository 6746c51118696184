"""A compiled query gives what the ORM gives, for other values, without compiling again."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from todo_app.accounts.models import ApiToken, User
from todo_app.accounts.services import token_create
from todo_app.common.compiled import Compiled

LATE = datetime(9999, 1, 1, tzinfo=UTC)


def usable(user: uuid.UUID, now: datetime) -> "QuerySet[ApiToken, Any]":
    return ApiToken.objects.filter(user_id=user, expires_on__gt=now).order_by("-pk").values_list("pk", "scopes", "name")


@pytest.mark.integration
def test_the_rows_are_those_of_the_orm_for_each_value(make_user: Callable[..., User]) -> None:
    query = Compiled(usable, user=uuid.UUID(int=0), now=LATE)
    now = timezone.now()
    for number in range(3):
        user = make_user()
        for name in range(number + 1):
            token_create(user=user, name=f"%s {name}", now=now)
        rows = query.rows(user=user.pk, now=now)
        assert rows == list(usable(user.pk, now))
        assert len(rows) == number + 1


@pytest.mark.integration
def test_it_is_compiled_once(user: User) -> None:
    built = []

    def build(user: uuid.UUID, now: datetime) -> "QuerySet[ApiToken, Any]":
        built.append(user)
        return usable(user, now)

    query = Compiled(build, user=uuid.UUID(int=0), now=LATE)
    for _ in range(3):
        query.rows(user=user.pk, now=timezone.now())
    assert len(built) == 1


@pytest.mark.integration
def test_a_value_that_the_query_does_not_use_is_refused(user: User) -> None:
    query = Compiled(lambda user, **_: usable(user, LATE), user=uuid.UUID(int=0), other=3)
    with pytest.raises(ValueError, match="does not use other"):
        query.rows(user=user.pk, other=1)


@pytest.mark.integration
def test_a_column_that_a_migration_has_changed_is_read_on_a_new_connection(user: User) -> None:
    token_create(user=user, name="one", now=timezone.now())
    query = Compiled(usable, user=uuid.UUID(int=0), now=LATE)
    before = query.rows(user=user.pk, now=timezone.now())
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%accounts_apitoken%'")
        assert cursor.fetchone()[0] >= 1
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("ALTER TABLE accounts_apitoken ALTER COLUMN name TYPE text")
        assert query.rows(user=user.pk, now=timezone.now()) == before
    finally:
        with other.cursor() as cursor:
            cursor.execute("ALTER TABLE accounts_apitoken ALTER COLUMN name TYPE varchar(100)")
        other.close()


@pytest.mark.integration
def test_a_query_log_shows_each_run_with_its_values(user: User) -> None:
    query = Compiled(lambda key: User.objects.filter(pk=key).values_list("username"), key=uuid.uuid4())
    with CaptureQueriesContext(connection) as log:
        for _ in range(8):
            query.rows(key=user.pk)

    assert len(log) == 8
    assert all(user.pk.hex in each["sql"].replace("-", "") for each in log.captured_queries)
