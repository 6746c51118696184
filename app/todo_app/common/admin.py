"""Versions of shared lists, and what administrators did, in /admin."""

from django.contrib import admin
from django.contrib.admin.models import LogEntry

from todo_app.common.admin_site import LogAdmin
from todo_app.common.models import Revision


@admin.register(Revision)
class RevisionAdmin(LogAdmin):
    """Read-only; a change of the list raises it."""

    list_display = ("name", "number")
    search_fields = ("name",)
    ordering = ("name",)


@admin.register(LogEntry)
class LogEntryAdmin(LogAdmin):
    """Who did what in /admin, with the reason given."""

    list_display = ("action_time", "user", "content_type", "object_repr", "action_flag", "change_message")
    list_select_related = ("user", "content_type")
    list_filter = ("action_flag", "content_type")
    search_fields = ("user__username", "object_repr", "change_message")
    ordering = ("-action_time", "-id")
