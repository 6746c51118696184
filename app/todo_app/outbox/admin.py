"""Events in /admin."""

from django.contrib import admin

from todo_app.common.admin_site import LogAdmin
from todo_app.outbox.models import Event


@admin.register(Event)
class EventAdmin(LogAdmin):
    """Read-only."""

    list_display = ("created_on", "type", "key", "published_on")
    list_filter = ("type",)
    search_fields = ("key",)
    ordering = ("-id",)
