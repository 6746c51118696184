"""Users, bans, API tokens, sign-in."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The only place that decides who may act."""

    name = "todo_app.accounts"
    label = "accounts"

    def ready(self) -> None:
        """Changes of users are audited."""
        from todo_app.common.audit import audited_table  # noqa: PLC0415 - Django wants imports of this kind in ready()

        audited_table("accounts_user", trail="accounts.UserAudit")
