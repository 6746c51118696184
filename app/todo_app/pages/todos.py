"""My todos: the list, what is looked for in it, and adding to it."""

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from todo_app.accounts.models import User
from todo_app.moderation.checks import TextRefused
from todo_app.pages.refusals import refused
from todo_app.pages.todo_form import TodoForm
from todo_app.pages.todo_search import SORTS, Search
from todo_app.todos import selectors, services
from todo_app.todos.models import DueNotAhead, Priority, Status

SWAP = "#composer #filters #results #count #notices"
DUE_PASSED = "This moment has passed. Choose one that lies ahead (times are UTC)."


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def todos(request: HttpRequest) -> HttpResponse:
    """The list and the form above it."""
    if request.method != "POST":
        return _list(request, TodoForm())
    form = TodoForm(request.POST)
    if not form.is_valid():
        return _list(request, form, status=422)
    typed = form.cleaned_data
    fields = {name: typed[name] for name in ("title", "description", "tags", "priority")}
    try:
        services.todo_create(owner=signed_in(request), **fields, due_on=form.due(), now=timezone.now())
    except TextRefused as error:
        return _list(request, form, status=409, refused=refused(error.refusal))
    except DueNotAhead:
        form.add_error("due_on", DUE_PASSED)
        return _list(request, form, status=422)
    messages.success(request, "Added.")
    return redirect("pages:todos")


def _list(request: HttpRequest, form: TodoForm, *, status: int = 200, **more: Any) -> HttpResponse:  # noqa: ANN401 - what the template shows besides
    user, now, search = signed_in(request), timezone.now(), Search.of(request.GET)
    context = {
        "page": search.page(user, cursor=request.GET.get("cursor"), now=now),
        "form": form,
        "search": search,
        "tags": selectors.tags_of(owner=user)[:100],
        "statuses": Status.choices,
        "priorities": Priority.choices,
        "sorts": SORTS,
        "now": now,
        "swap": SWAP,
    }
    return render(request, "pages/todos.html", {**context, **more}, status=status)


def signed_in(request: HttpRequest) -> User:
    """Who asks; the decorator has made sure of it."""
    return cast(User, request.user)
