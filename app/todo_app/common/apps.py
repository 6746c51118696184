"""The parts every other app stands on."""

from django.apps import AppConfig
from django.core.signals import request_started


class CommonConfig(AppConfig):
    """Nothing here knows what the service is about."""

    name = "todo_app.common"
    label = "common"

    def ready(self) -> None:
        """Watch the signing key's file."""
        from todo_app.common.signing_key import refresh  # noqa: PLC0415 - Django wants imports of this kind in ready()

        request_started.connect(refresh, dispatch_uid="signing-key")
