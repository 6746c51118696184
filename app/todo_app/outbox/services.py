"""Appending events."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from todo_app.common.models import BaseModel
from todo_app.outbox.models import Event


def event_append(*, type: str, key: str, payload: Mapping[str, object], now: datetime) -> None:  # noqa: A002 - CloudEvents calls it type
    """Append one event to the current transaction."""
    Event(type=type, key=key, payload=dict(payload), created_on=now).save(force_insert=True)


def entity_event_append(
    *, instance: BaseModel, action: str, changed: Sequence[str], now: datetime, **_signal: object
) -> None:
    """`<entity>.created|updated|deleted` with the names of the changed columns, never their values."""
    entity = type(instance).__name__.lower()
    key = str(instance.pk)
    event_append(type=f"{entity}.{action}", key=key, payload={"id": key, "changed": sorted(changed)}, now=now)
