"""The list of words as a CSV file in /admin: download, and upload, of which every line or none is taken."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from todo_app.moderation.words_csv import BYTES_MAX, CsvRefused, words_export, words_import

SHOWN = 20  # bad lines


class WordsCsvMixin:
    """Two pages below the list; both need the permission `manage_words`."""

    def get_urls(self) -> list[URLPattern]:
        """Before the pages of single rows."""
        site: Any = self.admin_site  # type: ignore[attr-defined]  # a mixin before ModelAdmin
        own = [
            path("csv/", site.admin_view(self.csv_page), name="moderation_bannedword_csv"),
            path("csv/words.csv", site.admin_view(self.csv_file), name="moderation_bannedword_csv_file"),
        ]
        return [*own, *super().get_urls()]  # type: ignore[misc]  # as above

    def csv_page(self, request: HttpRequest) -> HttpResponse:
        """The form, and what is wrong with a file that was sent."""
        _permitted(request)
        problems = self._imported(request) if request.method == "POST" else None
        if request.method == "POST" and not problems:
            return redirect(reverse("admin:moderation_bannedword_changelist"))
        site: Any = self.admin_site  # type: ignore[attr-defined]  # as above
        context = {**site.each_context(request), "title": "Words as CSV", "problems": problems}
        return TemplateResponse(request, "admin/words_csv.html", context, status=422 if problems else 200)

    def csv_file(self, request: HttpRequest) -> HttpResponseBase:
        """The list."""
        _permitted(request)
        headers = {"Content-Disposition": 'attachment; filename="words.csv"'}
        return StreamingHttpResponse(words_export(), content_type="text/csv; charset=utf-8", headers=headers)

    def _imported(self, request: HttpRequest) -> list[str]:
        file = request.FILES.get("file")
        if file is None or file.size is None or file.size > BYTES_MAX:
            return [f"Choose a CSV file of at most {BYTES_MAX // 1_000_000} MB."]
        try:
            outcome = words_import(text=file.read().decode(), now=timezone.now())
        except UnicodeDecodeError:
            return ["The file is not UTF-8. Save it as CSV UTF-8 and send it again."]
        except CsvRefused as refused:
            more = len(refused.problems) - SHOWN
            told = [f"Line {number}: {problem}" for number, problem in refused.problems[:SHOWN]]
            return [*told, f"… and {more} more"] if more > 0 else told
        text = f"{outcome.added} added, {outcome.changed} changed, {outcome.unchanged} there already."
        messages.success(request, text)
        return []


def _permitted(request: HttpRequest) -> None:
    if not request.user.has_perm("moderation.manage_words"):
        raise PermissionDenied
