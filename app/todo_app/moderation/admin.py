"""Words and violations in /admin."""

from typing import Any

from django.apps import apps
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone

from todo_app.common.admin_site import LogAdmin, TableAdmin
from todo_app.moderation.checks import TextRefused
from todo_app.moderation.models import BannedWord, Flag, Rescan, UserTotal, Violation
from todo_app.moderation.services import violation_record
from todo_app.moderation.words_csv_admin import WordsCsvMixin


class RefusalAdminMixin:
    """For tables whose texts are judged: tells the refusal and records it after Django's transaction has ended."""

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ANN401 - Django's signature
        """Add and change forms."""
        try:
            return super().changeform_view(request, *args, **kwargs)  # type: ignore[misc,no-any-return]  # a mixin before ModelAdmin
        except TextRefused as refused:
            violation_record(user=request.user, refusal=refused.refusal, now=timezone.now())  # type: ignore[arg-type]  # /admin is for users of ours
            messages.error(request, f"Not saved, banned words: {', '.join(refused.refusal.words)}")
            return HttpResponseRedirect(request.get_full_path())


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
