"""What comes again and again: the list, adding to it, pausing, resuming, deleting."""

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from todo_app.common.paging import CursorInvalid, page_newest_first
from todo_app.moderation.checks import TextRefused
from todo_app.pages.recurrence_form import OFTEN, RecurrenceForm
from todo_app.pages.refusals import refused
from todo_app.pages.targets import back
from todo_app.pages.todos import signed_in
from todo_app.todos import recurrences as services
from todo_app.todos import selectors
from todo_app.todos.models.recurrence import RecurrenceUnusable, RuleNeverOccurs, StartOutOfRange
from todo_app.todos.services import TodoNotFound

PAGE, NEXT = 20, 3  # recurrences of a page, and coming times of each
SWAP = "#composer #results #count #notices"
SWAP_LIST = "#results #count #notices"
GONE = "That recurrence is gone; it was deleted meanwhile."
NEVER = ("rule", "This never comes: it must occur within twelve years of its start and before its end.")
FAR = ("starts_on", "Choose a day at most a year ago and at most a hundred years ahead.")
ACTIONS: dict[str, tuple[Callable[..., Any], str]] = {
    "pause": (services.recurrence_pause, "Paused."),
    "resume": (services.recurrence_resume, "Goes on with its next time."),
    "delete": (
        lambda *, owner, key, now: services.recurrence_delete(owner=owner, key=key),  # noqa: ARG005 - one signature for all actions
        "Deleted. The todos it made stay.",
    ),
}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def recurrences(request: HttpRequest) -> HttpResponse:
    """The list and the form above it."""
    if request.method != "POST":
        return _list(request, RecurrenceForm())
    form = RecurrenceForm(request.POST)
    if not form.is_valid():
        return _list(request, form, status=422)
    typed = form.cleaned_data
    timing = {"rule": typed["rule"], "time_zone": typed["time_zone"].key, "starts_on": form.begin()}
    try:
        services.recurrence_create(owner=signed_in(request), title=typed["title"], **timing, now=timezone.now())
    except TextRefused as error:
        return _list(request, form, status=409, refused=refused(error.refusal))
    except (RuleNeverOccurs, StartOutOfRange) as error:
        form.add_error(*(NEVER if isinstance(error, RuleNeverOccurs) else FAR))
        return _list(request, form, status=422)
    except services.RecurrencesFull:
        form.add_error("title", f"You have {services.RECURRENCES_MAX} recurrences, the most there can be: delete one.")
        return _list(request, form, status=409)
    messages.success(request, "Added.")
    return redirect("pages:recurrences")


@login_required
@require_POST
def recurrence_action(request: HttpRequest, key: uuid.UUID, action: str) -> HttpResponse:
    """One button."""
    if action not in ACTIONS:
        raise Http404
    service, done = ACTIONS[action]
    try:
        service(owner=signed_in(request), key=key, now=timezone.now())
    except TodoNotFound:
        messages.warning(request, GONE)
    except RecurrenceUnusable as error:
        messages.warning(request, f"It stays paused, for it cannot run: {error.reason}. Add a right one and delete it.")
    else:
        messages.success(request, done)
    return redirect(back(request, otherwise=reverse("pages:recurrences")))


def _list(
    request: HttpRequest,
    form: RecurrenceForm,
    *,
    status: int = 200,
    **more: Any,  # noqa: ANN401 - what the template shows besides
) -> HttpResponse:
    now = timezone.now()
    rows = selectors.recurrences_of(owner=signed_in(request))
    try:
        page = page_newest_first(rows, cursor=request.GET.get("cursor"), limit=PAGE)
    except CursorInvalid:
        raise Http404 from None
    for row in page.rows:
        row["often"] = dict(OFTEN).get(str(row["rule"]), str(row["rule"]))
        coming = selectors.occurrences_next(selectors.recurrence_told(row), limit=NEXT, now=now)
        row["coming"] = [(moment.isoformat(), _clock(moment, ZoneInfo(row["time_zone"]))) for moment in coming]
    context = {"page": page, "form": form, "often": OFTEN, "swap": SWAP, "swap_list": SWAP_LIST}
    return render(request, "pages/recurrences.html", {**context, **more}, status=status)


def _clock(moment: datetime, zone: ZoneInfo) -> str:
    """By the clock of the recurrence; templates would show UTC."""
    local = moment.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M}"
