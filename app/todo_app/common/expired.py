"""Deleting expired rows a batch at a time, so that no transaction is long; and the sessions among them."""

from datetime import datetime
from typing import Any

from django.contrib.sessions.models import Session
from django.db.models import QuerySet

BATCH = 1000
ROUNDS = 1000  # of one run; what is left waits for the next


def delete_in_batches(rows: "QuerySet[Any]", *, batch: int = BATCH, rounds: int = ROUNDS) -> int:
    """Delete what the query finds, each batch in a transaction of its own; returns how many rows."""
    model, total = rows.model, 0
    for _ in range(rounds):
        keys = list(rows.values_list("pk", flat=True)[:batch])
        if keys:
            total += model._base_manager.filter(pk__in=keys).delete()[0]  # noqa: SLF001 - documented name for "whatever the model's managers do"
        if len(keys) < batch:
            break
    return total


def sessions_expire(*, now: datetime) -> int:
    """Delete sessions past their end."""
    return delete_in_batches(Session.objects.filter(expire_date__lt=now))
