"""Users, bans, API tokens, sign-in."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The only place that decides who may act."""

    name = "todo_app.accounts"
    label = "accounts"

    def ready(self) -> None:
        """Changes of users are audited, and of what they may."""
        from todo_app.common.audit import audited_table  # noqa: PLC0415 - Django wants imports of this kind in ready()

        audited_table("accounts_user", trail="accounts.UserAudit")
        audited_table("accounts_user_user_permissions", trail="accounts.UserPermissionAudit")
        audited_table("accounts_user_groups", trail="accounts.MembershipAudit")
        audited_table("auth_group_permissions", trail="accounts.GroupPermissionAudit")
