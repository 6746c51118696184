"""Users, bans, API tokens, sign-in."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The only place that decides who may act."""

    name = "todo_app.accounts"
    label = "accounts"
