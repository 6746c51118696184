"""Todos and tags in /admin."""

from collections.abc import Mapping

from django.contrib import admin

from todo_app.common.admin_site import LogAdmin, TableAdmin
from todo_app.moderation.admin import RefusalAdminMixin
from todo_app.todos.models import Firing, Recurrence, Tag, Todo, TodoTag


@admin.register(Todo)
class TodoAdmin(RefusalAdminMixin, TableAdmin):
    """Judged like any other write."""

    refused_fields: Mapping[str, str] = {"tags": "tag_names"}
    list_display = ("title", "owner", "assignee", "status", "priority", "due_on", "created_on", "completed_on")
    list_select_related = ("owner", "assignee")
    list_filter = ("status", "priority", ("due_on", admin.EmptyFieldListFilter))
    search_fields = ("title", "owner__username")
    autocomplete_fields = ("owner", "assignee")
    readonly_fields = ("created_on", "updated_on", "version")
    ordering = ("-id",)


@admin.register(Tag)
class TagAdmin(LogAdmin):
    """Read-only: a todo's tags are changed with the todo, which is judged."""

    list_display = ("name", "owner", "created_on")
    list_select_related = ("owner",)
    search_fields = ("name", "owner__username")
    ordering = ("-id",)


@admin.register(TodoTag)
class TodoTagAdmin(LogAdmin):
    """Read-only, as above."""

    list_display = ("todo", "tag", "created_on")
    list_select_related = ("todo", "tag")
    search_fields = ("tag__name",)
    ordering = ("-id",)


@admin.register(Recurrence)
class RecurrenceAdmin(LogAdmin):
    """Read-only: a rule's next occurrence belongs to it, which the service keeps for its owner."""

    list_display = ("title", "owner", "rule", "time_zone", "next_on", "paused_on", "skipped_count")
    list_select_related = ("owner",)
    list_filter = (("paused_on", admin.EmptyFieldListFilter), "priority")
    search_fields = ("title", "owner__username")
    ordering = ("-id",)


@admin.register(Firing)
class FiringAdmin(LogAdmin):
    """The ledger: which occurrence made which todo."""

    list_display = ("occurs_on", "recurrence", "todo_id", "created_on")
    list_select_related = ("recurrence",)
    search_fields = ("=todo_id", "recurrence__title")
    ordering = ("-id",)
