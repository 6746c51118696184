"""What happened, written in the same transaction as the fact."""

from django.apps import AppConfig


class OutboxConfig(AppConfig):
    """Listens to every BaseModel."""

    name = "todo_app.outbox"
    label = "outbox"

    def ready(self) -> None:
        """Connect the listener."""
        from todo_app.common.signals import entity_changed  # noqa: PLC0415 - Django wants imports of this kind in ready()
        from todo_app.outbox.services import entity_event_append  # noqa: PLC0415 - as above

        entity_changed.connect(entity_event_append, dispatch_uid="outbox")
