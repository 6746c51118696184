"""Homes of users."""

from django.apps import AppConfig


class ShardsConfig(AppConfig):
    """Two small tables; they stay empty without TODO_SHARDS."""

    name = "todo_app.shards"
    label = "shards"
