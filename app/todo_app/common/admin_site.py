"""How our tables look in /admin: logs are only read; tables that people change lose nobody's change."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import flatten_fieldsets
from django.db import connections
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.admin import ModelAdmin

REASON_MAX = 500  # characters, the column's
CHANGED = "Somebody changed this meanwhile. Nothing was saved: open it again to see what is stored, then change it."


class ReasonMixin:
    """Actions that need a reason ask for it on a page of their own."""

    def reason_given(self, request: HttpRequest, rows: QuerySet[Any], *, title: str, danger: bool = True) -> Any:  # noqa: ANN401 - a text, or the page that asks for it
        """The reason as a text, or the response that asks for one."""
        reason = request.POST.get("reason", "").replace("\x00", "").strip()[:REASON_MAX]
        if reason:
            return reason
        if "reason" in request.POST:
            messages.warning(request, "Give a reason; it is kept with what you do.")
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]  # a mixin before ModelAdmin
            "title": title,
            "rows": rows[:50],
            "keys": [str(key) for key in rows.values_list("pk", flat=True)],
            "action": request.POST["action"],
            "checkbox": ACTION_CHECKBOX_NAME,
            "danger": danger,
            "reason_max": REASON_MAX,
            "opts": self.model._meta,  # type: ignore[attr-defined]  # noqa: SLF001 - _meta is Django's documented API
        }
        return TemplateResponse(request, "admin/reason.html", context)


class LogAdmin(ReasonMixin, ModelAdmin):  # type: ignore[misc]  # unfold has no types
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


class SeenForm(forms.BaseForm):
    """The version a form was opened at, what an ETag is to the API."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Django's signature
        super().__init__(*args, **kwargs)
        self._stored = ""
        instance = self.instance  # type: ignore[attr-defined]  # mixed into model forms only
        if not instance._state.adding:  # noqa: SLF001 - Django documents Model._state
            self._stored = instance.updated_on.isoformat()
            self.initial["seen"] = self._stored
        self.fields["seen"] = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean(self) -> Any:  # noqa: ANN401 - Django's signature
        """Refuse what was typed on top of something older."""
        cleaned = super().clean()
        if self._stored and self.data.get("seen") != self._stored:
            raise forms.ValidationError(CHANGED)
        return cleaned


class TableAdmin(ReasonMixin, ModelAdmin):  # type: ignore[misc]  # unfold has no types
    """A table that people change; each delete is told, and of two changes of one version the second is refused."""

    list_per_page = 50
    show_full_result_count = False

    def get_form(self, request: HttpRequest, obj: Model | None = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: ANN401 - Django's signature
        """With the version it was opened at."""
        if not change:
            return super().get_form(request, obj, change=change, **kwargs)
        if "fields" not in kwargs:
            kwargs["fields"] = flatten_fieldsets(self.get_fieldsets(request, obj))
        if kwargs["fields"] is not None:
            kwargs["fields"] = [name for name in kwargs["fields"] if name != "seen"]
        base = super().get_form(request, obj, change=change, **kwargs)
        return type(base)(base.__name__, (SeenForm, base), {})

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:  # noqa: ANN401 - Django's signature
        """The hidden field goes last."""
        sets = super().get_fieldsets(request, obj)
        return [*sets, (None, {"fields": ["seen"], "classes": ["hidden"]})] if obj is not None else sets

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:  # noqa: ANN401 - Django's signature
        """Locked while it is being changed, so that the comparison and the change are one."""
        found = super().get_object(request, object_id, from_field)
        if found is not None and request.method == "POST" and connections[found._state.db].in_atomic_block:  # noqa: SLF001 - Django documents Model._state
            found.refresh_from_db(from_queryset=type(found)._default_manager.select_for_update())  # noqa: SLF001 - Django's documented name
        return found

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """One by one: the collector's bulk delete appends no event."""
        for row in queryset:
            row.delete()


def done(request: HttpRequest, *, what: str, count: int, of: int) -> HttpResponse | None:
    """Say how many it was; the list comes again."""
    level = messages.SUCCESS if count == of else messages.WARNING
    messages.add_message(request, level, f"{what}: {count} of {of}.")
    return None
