"""One todo: changing it, and the buttons beside it."""

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from todo_app.moderation.checks import TextRefused
from todo_app.pages.refusals import refused
from todo_app.pages.targets import back
from todo_app.pages.todo_form import TodoForm
from todo_app.pages.todos import DUE_PASSED, signed_in
from todo_app.todos import selectors, services
from todo_app.todos.models import DueNotAhead, Priority

ACTIONS: dict[str, tuple[Callable[..., Any], str]] = {
    "start": (services.todo_start, "Started."),
    "complete": (services.todo_complete, "Completed."),
    "reopen": (services.todo_reopen, "Open again."),
    "cancel": (services.todo_cancel, "Cancelled."),
    "delete": (lambda *, actor, key, now: services.todo_delete(actor=actor, key=key), "Deleted."),  # noqa: ARG005 - one signature for all actions
}
NOT_YOURS = "Nothing was changed: only its owner may do this with a todo that is assigned to you."
GONE = "That todo is gone; somebody deleted it meanwhile."


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def todo(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """The form with what is stored; what was typed stays when it is refused."""
    row = selectors.todo_of(user=signed_in(request), key=key)
    if row is None:
        raise Http404
    if request.method != "POST":
        return _form(request, row, TodoForm.of(row))
    form = TodoForm(request.POST)
    if refusal := _not_saved(request, row, form):
        status, more = refusal
        return _form(request, row, form, status=status, **more)
    messages.success(request, "Saved.")
    return redirect("pages:todos")


def _not_saved(request: HttpRequest, row: dict[str, Any], form: TodoForm) -> tuple[int, dict[str, Any]] | None:
    """Why nothing was saved: the status, and what the template shows; None when all is well."""
    if not form.is_valid():
        return 422, {}
    try:
        _save(request, row, form)
    except TextRefused as error:
        return 409, {"refused": refused(error.refusal)}
    except DueNotAhead:
        form.add_error("due_on", DUE_PASSED)
        return 422, {}
    except services.VersionConflict as conflict:
        return 412, {"conflict": True, "version": conflict.current}
    except services.TodoNotYours:
        return 403, {"message": NOT_YOURS}
    except services.TodoNotFound:
        raise Http404 from None
    return None


def _save(request: HttpRequest, row: dict[str, Any], form: TodoForm) -> None:
    typed = form.cleaned_data
    fields = {name: typed[name] for name in ("title", "description", "priority")}
    fields |= {"tag_names": typed["tags"], "due_on": form.due(row["due_on"])}
    versions = {typed["version"]} if typed["version"] else None
    services.todo_update(actor=signed_in(request), key=row["id"], fields=fields, versions=versions, now=timezone.now())


def _form(request: HttpRequest, row: dict[str, Any], form: TodoForm, *, status: int = 200, **more: Any) -> HttpResponse:  # noqa: ANN401 - what the template shows besides
    context = {
        "todo": row,
        "form": form,
        "version": form["version"].value() or row["version"],
        "priorities": Priority.choices,
        "now": timezone.now(),
    }
    return render(request, "pages/todo.html", {**context, **more}, status=status)


@login_required
@require_POST
def todo_action(request: HttpRequest, key: uuid.UUID, action: str) -> HttpResponse:
    """One button."""
    if action not in ACTIONS:
        raise Http404
    service, done = ACTIONS[action]
    try:
        service(actor=signed_in(request), key=key, now=timezone.now())
    except services.TodoNotFound:
        messages.warning(request, GONE)
    except services.TodoNotYours:
        messages.warning(request, NOT_YOURS)
    except services.TransitionRefused as refusal:
        messages.warning(request, f"That todo is {refusal.status.replace('_', ' ')} already.")
    else:
        messages.success(request, done)
    return redirect(back(request, otherwise=reverse("pages:todos")))
