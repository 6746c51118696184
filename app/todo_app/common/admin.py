"""Versions of shared lists, and what administrators did, in /admin."""

from django.contrib import admin
from django.contrib.admin.models import LogEntry

from todo_app.common.admin_site import LogAdmin
from todo_app.common.models import IdempotencyKey, IdempotencyStep, Revision


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


@admin.register(IdempotencyKey)
class IdempotencyKeyAdmin(LogAdmin):
    """Requests that clients may repeat; without the stored answers, which are for their owners."""

    list_display = ("created_on", "user_id", "status", "leased_until", "expires_on")
    list_filter = ("status",)
    search_fields = ("=user_id",)
    ordering = ("-id",)
    exclude = ("digest", "fingerprint", "attempt", "headers", "body")


@admin.register(IdempotencyStep)
class IdempotencyStepAdmin(LogAdmin):
    """What each step of a repeated request did."""

    list_display = ("created_on", "key_id", "subject_id", "outcome")
    list_filter = ("outcome",)
    search_fields = ("=key_id", "=subject_id")
    ordering = ("-id",)
