"""CloudEvents 1.0, structured JSON (https://github.com/cloudevents/spec, v1.0.2)."""

from datetime import UTC
from typing import Any

import orjson

from todo_app.outbox.models import Event
from todo_app.outbox.publishers.base import Message

SOURCE = "/slipway/todo-app"


def schema_name(type: str) -> str:  # noqa: A002 - CloudEvents calls it type
    """The URI of a type's data schema; an incompatible change makes version 2 beside 1."""
    return f"urn:slipway:event:{type}:1"


def envelope(event: Event) -> dict[str, Any]:
    """The event as consumers see it; `id` is what their inbox remembers."""
    return {
        "specversion": "1.0",
        "id": str(event.pk),
        "source": SOURCE,
        "type": event.type,
        "subject": event.key,
        "time": event.created_on.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "dataschema": schema_name(event.type),
        "data": event.payload,
    }


def message(event: Event) -> Message:
    """What a publisher gets."""
    return Message(id=event.pk, key=event.key, body=orjson.dumps(envelope(event)))
