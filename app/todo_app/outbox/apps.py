"""What happened, written in the same transaction as the fact."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class OutboxConfig(AppConfig):
    """Listens to every BaseModel."""

    name = "todo_app.outbox"
    label = "outbox"

    def ready(self) -> None:
        """Connect the listener, read every app's facts, have old events deleted."""
        from todo_app.common.maintenance import chore_register  # noqa: PLC0415 - Django wants imports of this kind in ready()
        from todo_app.common.signals import entity_changed  # noqa: PLC0415 - as above
        from todo_app.outbox.services import entity_event_append, events_expire  # noqa: PLC0415 - as above

        entity_changed.connect(entity_event_append, dispatch_uid="outbox")
        chore_register(name="events", chore=events_expire)
        autodiscover_modules("events")
