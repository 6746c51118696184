"""Banned words, refusals, violations."""

from django.apps import AppConfig


class ModerationConfig(AppConfig):
    """Knows texts and users, not todos."""

    name = "todo_app.moderation"
    label = "moderation"

    def ready(self) -> None:
        """Have the list's version raised with each change and read with each request's user."""
        from todo_app.accounts.selectors import USER_ANNOTATIONS  # noqa: PLC0415 - Django wants imports of this kind in ready()
        from todo_app.common.audit import audited_table  # noqa: PLC0415 - as above
        from todo_app.common.maintenance import chore_register  # noqa: PLC0415 - as above
        from todo_app.common.signals import entity_changed  # noqa: PLC0415 - as above
        from todo_app.moderation.models import BannedWord  # noqa: PLC0415 - as above
        from todo_app.moderation.partitions import partitions_chore  # noqa: PLC0415 - as above
        from todo_app.moderation.selectors import words_version_subquery  # noqa: PLC0415 - as above
        from todo_app.moderation.services import words_changed  # noqa: PLC0415 - as above

        audited_table("moderation_bannedword", trail="moderation.BannedWordAudit")
        entity_changed.connect(words_changed, sender=BannedWord, dispatch_uid="words-version")
        USER_ANNOTATIONS["words_version"] = words_version_subquery()
        chore_register(name="violation-partitions", chore=partitions_chore)
