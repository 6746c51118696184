"""The parts every other app stands on."""

from django.apps import AppConfig
from django.core.signals import request_started


class CommonConfig(AppConfig):
    """Nothing here knows what the service is about."""

    name = "todo_app.common"
    label = "common"

    def ready(self) -> None:
        """Watch the signing key's file; have what is past its time deleted."""
        from todo_app.common.expired import sessions_expire  # noqa: PLC0415 - Django wants imports of this kind in ready()
        from todo_app.common.idempotency import keys_expire  # noqa: PLC0415 - as above
        from todo_app.common.maintenance import chore_register  # noqa: PLC0415 - as above
        from todo_app.common.signing_key import refresh  # noqa: PLC0415 - as above
        from todo_app.common.trails import trails_expire  # noqa: PLC0415 - as above

        request_started.connect(refresh, dispatch_uid="signing-key")
        chore_register(name="audit-trails", chore=trails_expire)
        chore_register(name="sessions", chore=sessions_expire)
        chore_register(name="idempotency-keys", chore=keys_expire)
