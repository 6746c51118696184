"""Retention of the audit trails. Their triggers let nobody else delete a row."""

from datetime import datetime, timedelta

import pgtrigger.registry
from django.apps import apps
from django.conf import settings
from django.db import connection, transaction

from todo_app.common.audit import trails
from todo_app.common.expired import BATCH, ROUNDS, delete_in_batches


def trails_expire(*, now: datetime) -> int:
    """Delete rows older than TODO_AUDIT_RETENTION_DAYS, each batch in a transaction of its own; 0 days keep all."""
    if not settings.AUDIT_RETENTION_DAYS:
        return 0
    before = now - timedelta(days=settings.AUDIT_RETENTION_DAYS)
    return sum(_expire(label, before) for label in trails())


def _expire(label: str, before: datetime) -> int:
    rows = apps.get_model(label)._default_manager.filter(pgh_created_at__lt=before)  # noqa: SLF001 - Django's documented name
    ((model, guard),) = pgtrigger.registry.registered(f"{label}:append_only")
    total = 0
    for _ in range(ROUNDS):
        with transaction.atomic():
            with connection.cursor() as cursor:
                # for this transaction only; pgtrigger.ignore() would send two statements at once
                cursor.execute("SELECT set_config('pgtrigger.ignore', %s, true)", [f"{{{guard.get_pgid(model)}}}"])
            deleted = delete_in_batches(rows, batch=BATCH, rounds=1)
        total += deleted
        if deleted < BATCH:
            break
    return total
