"""Expired rows go in batches, the others stay."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.utils import timezone

from todo_app.common.expired import delete_in_batches

pytestmark = pytest.mark.integration


def session(name: str, *, hours: int) -> Session:
    expires = timezone.now() + timedelta(hours=hours)
    return Session.objects.create(session_key=name, session_data="", expire_date=expires)


def test_the_command_deletes_sessions_past_their_end_only() -> None:
    for number in range(3):
        session(f"expired-{number}", hours=-1)
    alive = session("alive", hours=1)

    call_command("maintenance", only="sessions")

    assert not Session.objects.filter(session_key__startswith="expired-").exists()
    assert Session.objects.filter(pk=alive.pk).exists()


def test_a_run_is_bounded() -> None:
    for number in range(5):
        session(f"many-{number}", hours=1)

    assert delete_in_batches(Session.objects.filter(session_key__startswith="many-"), batch=2, rounds=2) == 4
    assert delete_in_batches(Session.objects.filter(session_key__startswith="many-"), batch=2) == 1
