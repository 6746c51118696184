"""The log is one table of months that come and go; no write fails for want of one."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from tests.servers import DATABASE, Servers
from todo_app.accounts.models import User
from todo_app.moderation.checks import Refusal
from todo_app.moderation.matcher import Hit
from todo_app.moderation.models import UserTotal, Violation
from todo_app.moderation.partitions import DEFAULT, TABLE, partitions_maintain
from todo_app.moderation.reports import counters_differences
from todo_app.moderation.services import violation_record

pytestmark = pytest.mark.integration


def violate(user: User, now: datetime) -> Violation:
    return violation_record(user=user, refusal=Refusal(user.pk, "bad\n", (Hit(0, 3, "bad", 1),), 1), now=now)


def where(row: Violation) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM moderation_violation WHERE id = %s", [row.pk])
        return str(cursor.fetchone()[0])


def test_the_coming_months_are_there_after_migrate_and_making_them_again_changes_nothing() -> None:
    partitions_maintain(now=timezone.now())  # other tests have left rows in DEFAULT

    outcome = partitions_maintain(now=timezone.now())

    assert (outcome.created, outcome.retired, outcome.moved) == ([], [], 0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_inherits WHERE inhparent = %s::regclass", [TABLE])
        assert cursor.fetchone()[0] >= 5, "history, three months, DEFAULT"


def test_a_month_nobody_made_goes_to_default_and_moves_when_it_is_made(user: User) -> None:
    row = violate(user, datetime(2040, 2, 29, 23, 59, tzinfo=UTC))
    assert where(row) == DEFAULT

    outcome = partitions_maintain(now=timezone.now())

    assert outcome.created == [f"{TABLE}_p2040_02"]
    assert outcome.moved == 1
    assert where(row) == f"{TABLE}_p2040_02"
    assert (UserTotal.objects.get(user=user).total, counters_differences()) == (1, {})


def test_a_month_past_the_retention_goes_with_its_counts(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "VIOLATION_RETENTION_MONTHS", 24)
    old = violate(user, datetime(2050, 1, 31, tzinfo=UTC))
    kept = violate(user, datetime(2050, 2, 1, tzinfo=UTC))
    partitions_maintain(now=timezone.now())

    outcome = partitions_maintain(now=datetime(2052, 2, 15, tzinfo=UTC))

    assert f"{TABLE}_retiring_p2050_01" in outcome.retired
    assert not Violation.objects.filter(pk=old.pk).exists()
    assert Violation.objects.filter(pk=kept.pk).exists()
    assert (UserTotal.objects.get(user=user).total, counters_differences()) == (1, {})


def test_a_retirement_that_was_cut_off_is_still_counted_and_finished_later(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "VIOLATION_RETENTION_MONTHS", 24)
    violate(user, datetime(2060, 1, 31, tzinfo=UTC))
    partitions_maintain(now=timezone.now())
    now = datetime(2062, 2, 15, tzinfo=UTC)
    with monkeypatch.context() as patch:
        patch.setattr("todo_app.moderation.partitions._drop", lambda _name: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            partitions_maintain(now=now)

    assert counters_differences() == {}, "detached rows are still counted"
    partitions_maintain(now=now)
    assert (UserTotal.objects.filter(user=user).count(), counters_differences()) == (0, {})


def test_it_is_a_chore() -> None:
    told = StringIO()

    call_command("maintenance", only="violation-partitions", stdout=told)

    call_command("maintenance", only="violation-partitions", stdout=told)

    assert told.getvalue().splitlines()[-1] == "violation-partitions: 0 rows"


@pytest.fixture
def empty(servers: Servers) -> Iterator[dict[str, str]]:
    """The environment of a database nobody has migrated."""
    servers.psql(f"CREATE DATABASE todo_partitions OWNER {DATABASE}")
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("TODO_", "DJANGO_"))}
    names = {"TODO_DATABASE_NAME": "todo_partitions", "DJANGO_SETTINGS_MODULE": "config.settings"}
    yield {**clean, **servers.environment(), **names}
    servers.psql("DROP DATABASE todo_partitions WITH (FORCE)")


SCRIPT = """
import django
django.setup()
from django.core.management import call_command
from django.db import connection
def state():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), md5(string_agg(v::text, ',' ORDER BY id)) FROM moderation_violation v")
        return cursor.fetchone()
call_command("migrate", "accounts", verbosity=0)
call_command("migrate", "moderation", "0004", verbosity=0)
with connection.cursor() as cursor:
    cursor.execute("INSERT INTO accounts_user (id, created_on, updated_on, password, username, role, is_banned,"
        " ban_reason, violation_count, is_superuser) SELECT gen_random_uuid(), now(), now(), '', 'u' || n, 'user',"
        " false, '', 0, false FROM generate_series(1, 3) n")
    cursor.execute("INSERT INTO moderation_violation (id, created_on, user_id, subject_id, words, severity, text,"
        " spans, words_version, counted) SELECT gen_random_uuid(), now() - n * interval '9 days', u.id,"
        " gen_random_uuid(), ARRAY['a', 'b'], 1, 'text', '[]', 1, true FROM generate_series(0, 99) n, accounts_user u")
before = state()
call_command("migrate", "moderation", verbosity=0)
call_command("maintenance", only="violation-partitions")
call_command("verify_counters")
assert state() == before, (before, state())
call_command("migrate", "moderation", "0004", verbosity=0)
assert state() == before, (before, state())
call_command("migrate", "moderation", verbosity=0)
call_command("verify_counters")
print(state() == before, before[0])
"""


def test_the_migration_keeps_every_row_both_ways(empty: dict[str, str]) -> None:
    command = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(
        command, env=empty, cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=110, check=False
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "True 300"
