"""Where users live, in /admin."""

from django.contrib import admin

from todo_app.common.admin_site import LogAdmin
from todo_app.shards.models import Away, UserHome


@admin.register(UserHome)
class UserHomeAdmin(LogAdmin):
    """Read-only; `manage.py shards` moves users."""

    list_display = ("user_id", "shard", "moving_from", "moving_to", "changed_on")
    list_filter = ("shard",)
    search_fields = ("=user_id",)
    ordering = ("-changed_on", "user_id")


@admin.register(Away)
class AwayAdmin(LogAdmin):
    """Read-only, as above."""

    list_display = ("user_id", "since")
    search_fields = ("=user_id",)
    ordering = ("-since", "user_id")
