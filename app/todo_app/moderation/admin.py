"""Words and violations in /admin."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from todo_app.common.admin_site import LogAdmin, TableAdmin
from todo_app.moderation.checks import Refusal, TextRefused
from todo_app.moderation.models import BannedWord, Flag, Rescan, UserTotal, Violation
from todo_app.moderation.services import violation_record
from todo_app.moderation.words_csv_admin import WordsCsvMixin


class RefusedForm(forms.BaseForm):
    """What was typed, with the words that were refused at their fields."""

    refusal: Refusal
    renamed: Mapping[str, str]

    def clean(self) -> Any:  # noqa: ANN401 - Django's signature
        """The refusal is the error of a form that was good otherwise."""
        cleaned = super().clean()
        words: dict[str | None, dict[str, None]] = {}
        for part, hit, _, _ in self.refusal.parted():
            name = self.renamed.get(part, part)
            words.setdefault(name if name in self.fields else None, {})[hit.word] = None
        for field, found in words.items():
            self.add_error(field, f"Banned words: {', '.join(found)}.")
        return cleaned


class RefusalAdminMixin:
    """For tables whose texts are judged: tells the refusal and records it after Django's transaction has ended."""

    refused_fields: Mapping[str, str] = {}  # the form's field of a part that has another name

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ANN401 - Django's signature
        """Add and change forms; a refused one comes again as it was typed."""
        try:
            return super().changeform_view(request, *args, **kwargs)  # type: ignore[misc,no-any-return]  # a mixin before ModelAdmin
        except TextRefused as refused:
            violation_record(user=request.user, refusal=refused.refusal, now=timezone.now())  # type: ignore[arg-type]  # /admin is for users of ours
            request.refusal = refused.refusal  # type: ignore[attr-defined]  # for get_form; a ModelAdmin serves many requests at once
            return super().changeform_view(request, *args, **kwargs)  # type: ignore[misc,no-any-return]  # as above

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - Django's signature
        """After a refusal one that tells it."""
        base = super().get_form(request, *args, **kwargs)  # type: ignore[misc]  # a mixin before ModelAdmin
        refusal = getattr(request, "refusal", None)
        if refusal is None:
            return base
        return type(base)(base.__name__, (RefusedForm, base), {"refusal": refusal, "renamed": self.refused_fields})


@admin.register(BannedWord)
class BannedWordAdmin(WordsCsvMixin, TableAdmin):
    """Effective in every process on its next request."""

    list_display = ("word", "kind", "severity", "created_on", "updated_on")
    list_filter = ("kind", "severity")
    search_fields = ("word",)
    ordering = ("word",)


@admin.register(Violation)
class ViolationAdmin(LogAdmin):
    """Read-only."""

    list_display = ("created_on", "user", "words", "severity", "counted", "words_version")
    list_select_related = ("user",)
    list_filter = ("severity", "counted")
    search_fields = ("user__username", "text")
    ordering = ("-id",)


@admin.register(Flag)
class FlagAdmin(LogAdmin):
    """Stored texts that a later list refuses; `rescan` finds them."""

    list_display = ("created_on", "user", "words", "severity", "words_version")
    list_select_related = ("user",)
    list_filter = ("severity",)
    search_fields = ("user__username", "text")
    ordering = ("-id",)


@admin.register(Rescan)
class RescanAdmin(LogAdmin):
    """How far each pass over all texts is."""

    list_display = ("words_version", "judged", "flagged", "created_on", "finished_on")
    list_filter = (("finished_on", admin.EmptyFieldListFilter),)
    search_fields = ("=words_version",)
    ordering = ("-words_version",)


@admin.register(UserTotal)
class UserTotalAdmin(LogAdmin):
    """Who has how many violations; triggers count."""

    list_display = ("user", "total")
    list_select_related = ("user",)
    search_fields = ("user__username",)
    ordering = ("-total", "user_id")


@admin.register(apps.get_model("moderation", "BannedWordAudit"))
class BannedWordAuditAdmin(LogAdmin):
    """The trail of the list, which triggers write."""

    list_display = ("pgh_created_at", "pgh_label", "word", "kind", "severity")
    list_filter = ("pgh_label", "kind", "severity")
    search_fields = ("word",)
    ordering = ("-pgh_id",)
