"""Events in /admin."""

from django.contrib import admin

from todo_app.common.admin_site import LogAdmin
from todo_app.outbox.models import Event


@admin.register(Event)
class EventAdmin(LogAdmin):
    """Read-only; `manage.py outbox` replays."""

    list_display = ("created_on", "type", "key", "published_on", "dead_on", "attempts")
    list_filter = ("type", ("dead_on", admin.EmptyFieldListFilter))
    search_fields = ("key",)
    ordering = ("-id",)
