"""The list of banned words: looking, adding, removing."""

import uuid
from typing import cast

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from todo_app.accounts.models import User
from todo_app.common.paging import CursorInvalid, page_newest_first
from todo_app.moderation.entries import PatternRefused, WordUnmatchable
from todo_app.moderation.models import BannedWord, Kind, Severity
from todo_app.moderation.selectors import banned_words
from todo_app.moderation.services import WordTaken, word_add, word_delete
from todo_app.pages.targets import back

PAGE = 50
SWAP = "#composer #results #count #notices"


class WordForm(forms.Form):
    """A literal, whose look-alikes are caught by folding, or for those who ask a pattern."""

    word = forms.CharField(
        max_length=100,
        error_messages={"required": "Enter a word or a phrase.", "max_length": "Use at most 100 characters."},
    )
    kind = forms.ChoiceField(choices=Kind.choices, required=False)
    severity = forms.TypedChoiceField(choices=Severity.choices, coerce=int, initial=Severity.MEDIUM)

    def clean_kind(self) -> str:
        """A box that is not ticked is not sent."""
        return self.cleaned_data["kind"] or Kind.LITERAL


@login_required
@permission_required("moderation.manage_words", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def words(request: HttpRequest) -> HttpResponse:
    """The list and the form above it."""
    if request.method != "POST":
        return _list(request, WordForm())
    form = WordForm(request.POST)
    if not form.is_valid():
        return _list(request, form, status=422)
    try:
        row = word_add(**form.cleaned_data, by=cast(User, request.user), now=timezone.now())
    except WordTaken as taken:
        form.add_error("word", f"The list has it already, as: {taken.existing}")
        return _list(request, form, status=409)
    except WordUnmatchable:
        form.add_error("word", "Nothing of this could ever be found in a text; it needs a letter or a digit.")
        return _list(request, form, status=422)
    except PatternRefused as refused:
        form.add_error("word", f"This {refused.reason}.")
        return _list(request, form, status=422)
    messages.success(request, f"Added “{row.word}”. It is refused from now on.")
    return redirect("pages:words")


@login_required
@permission_required("moderation.manage_words", raise_exception=True)
@require_POST
def delete(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """Texts with it are accepted again."""
    row = BannedWord.objects.filter(pk=key).first()
    if row is None:
        messages.info(request, "That word is not on the list any more.")
    else:
        word_delete(word=row)
        messages.success(request, f"Removed “{row.word}”. Texts with it are accepted again.")
    return redirect(back(request, otherwise=reverse("pages:words")))


def _list(request: HttpRequest, form: WordForm, *, status: int = 200) -> HttpResponse:
    wanted = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    rows = banned_words()
    if wanted:
        rows = rows.filter(word__icontains=wanted)
    try:
        page = page_newest_first(rows, cursor=request.GET.get("cursor"), limit=PAGE)
    except CursorInvalid:
        raise Http404 from None
    for row in page.rows:
        row["level"] = Severity(row["severity"]).label
    context = {"page": page, "form": form, "levels": Severity.choices, "wanted": wanted, "swap": SWAP}
    return render(request, "pages/words.html", context, status=status)
