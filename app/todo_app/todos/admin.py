"""Todos in /admin."""

from django.contrib import admin

from todo_app.common.admin_site import TableAdmin
from todo_app.moderation.admin import RefusalAdminMixin
from todo_app.todos.models import Todo


@admin.register(Todo)
class TodoAdmin(RefusalAdminMixin, TableAdmin):
    """Judged like any other write."""

    list_display = ("title", "owner", "status", "created_on", "completed_on")
    list_select_related = ("owner",)
    list_filter = ("status",)
    search_fields = ("title", "owner__username")
    autocomplete_fields = ("owner", "assignee")
    readonly_fields = ("created_on", "updated_on", "version")
    ordering = ("-id",)
