"""How our tables look in /admin."""

from typing import Any

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin


class LogAdmin(ModelAdmin):  # type: ignore[misc]  # unfold has no types
    """A table that people only read."""

    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody."""
        return False


class TableAdmin(ModelAdmin):  # type: ignore[misc]  # unfold has no types
    """A table that people change; each delete is told."""

    list_per_page = 50
    show_full_result_count = False

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """One by one: the collector's bulk delete appends no event."""
        for row in queryset:
            row.delete()
