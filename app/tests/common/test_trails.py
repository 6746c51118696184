"""Audit rows go after their time by the chore, and by nothing else."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from todo_app.accounts.models import User
from todo_app.common import trails as module
from todo_app.common.audit import trails
from todo_app.moderation.models import BannedWord

DAY = timedelta(days=1)


def audit_models() -> set[str]:
    """Whatever pghistory's triggers write into."""
    ours = (model for model in apps.get_models() if model._meta.app_label != "pghistory")
    return {model._meta.label for model in ours if hasattr(model, "pgh_created_at")}


def test_every_trail_has_a_retention() -> None:
    assert set(trails()) == audit_models()
    assert settings.AUDIT_RETENTION_DAYS == 400


def rows(label: str, key: object) -> Any:  # noqa: ANN401 - a queryset of a model made at run time
    """Of one object."""
    return apps.get_model(label)._default_manager.filter(pgh_obj_id=key)


@pytest.mark.integration
def test_rows_past_the_retention_go_in_batches_and_others_stay(
    user: User, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = BannedWord.objects.get(word=word)
    for number in range(4):
        listed.severity = 1 + number % 2
        listed.save()
    kept, gone = rows("accounts.UserAudit", user.pk), rows("moderation.BannedWordAudit", listed.pk)
    assert (kept.count(), gone.count()) == (1, 5)
    monkeypatch.setattr(module, "trails", lambda: ["moderation.BannedWordAudit"])
    monkeypatch.setattr(module, "BATCH", 2)
    now = timezone.now()

    assert module.trails_expire(now=now + 399 * DAY) == 0
    monkeypatch.setattr(settings, "AUDIT_RETENTION_DAYS", 0)
    assert module.trails_expire(now=now + 40_000 * DAY) == 0
    monkeypatch.setattr(settings, "AUDIT_RETENTION_DAYS", 400)
    assert module.trails_expire(now=now + 401 * DAY) >= 5

    assert (kept.count(), gone.count()) == (1, 0)
    with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
        connection.cursor().execute("DELETE FROM accounts_useraudit")


@pytest.mark.integration
def test_it_is_a_chore(user: User) -> None:
    told = StringIO()

    call_command("maintenance", only="audit-trails", stdout=told)

    assert told.getvalue() == "audit-trails: 0 rows\n"
    assert rows("accounts.UserAudit", user.pk).count() == 1
