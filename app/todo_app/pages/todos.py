"""My todos."""

import uuid
from collections.abc import Callable
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from todo_app.accounts.models import User
from todo_app.common.paging import CursorInvalid, page_newest_first
from todo_app.moderation.checks import TextRefused
from todo_app.moderation.highlight import segments
from todo_app.todos import selectors, services

ACTIONS: dict[str, Callable[..., Any]] = {
    "start": services.todo_start,
    "complete": services.todo_complete,
    "reopen": services.todo_reopen,
    "delete": lambda *, actor, key, now: services.todo_delete(actor=actor, key=key),  # noqa: ARG005 - one signature for all actions
}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def todos(request: HttpRequest) -> HttpResponse:
    """The list and the form above it."""
    if request.method != "POST":
        return _list(request, {})
    title = request.POST.get("title", "").strip()
    description = request.POST.get("description", "").strip()
    form: dict[str, Any] = {"title": title, "description": description}
    if not title or len(title) > 200 or len(description) > 10_000 or "\x00" in title + description:
        return _list(request, {**form, "message": "A title of 1 to 200 characters is needed."}, status=422)
    now = timezone.now()
    try:
        services.todo_create(owner=_owner(request), title=title, description=description, now=now)
    except TextRefused as refused:
        refusal = refused.refusal
        form["refused"] = segments(refusal.text, [(hit.start, hit.end) for hit in refusal.hits])
        return _list(request, form, status=409)
    messages.success(request, "Added.")
    return redirect("pages:todos")


@login_required
@require_POST
def todo_action(request: HttpRequest, key: uuid.UUID, action: str) -> HttpResponse:
    """One button of the list."""
    if action not in ACTIONS:
        raise Http404
    try:
        ACTIONS[action](actor=_owner(request), key=key, now=timezone.now())
    except services.TodoNotFound:
        messages.warning(request, "That todo is gone.")
    except services.TodoNotYours:
        messages.warning(request, "Only the owner of that todo may do this.")
    except services.TransitionRefused as refused:
        messages.warning(request, f"That todo is {refused.status.replace('_', ' ')} already.")
    return redirect("pages:todos")


def _list(request: HttpRequest, form: dict[str, Any], *, status: int = 200) -> HttpResponse:
    rows = selectors.todos_of(owner=_owner(request))
    try:
        page = page_newest_first(rows, cursor=request.GET.get("cursor"), limit=50)
    except CursorInvalid:
        raise Http404 from None
    return render(request, "pages/todos.html", {"page": page, "form": form}, status=status)


def _owner(request: HttpRequest) -> User:
    return cast(User, request.user)
