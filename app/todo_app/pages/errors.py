"""Error pages; under /api/ the same facts as a problem."""

import sys

import structlog
from django.contrib.auth.models import AnonymousUser
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from todo_app.common.problems import BUSY, NOT_FOUND, SERVER_ERROR, Problem

log = structlog.get_logger("pages")
BAD_REQUEST = Problem(status=400, type="bad-request", title="This request cannot be read.")
FORBIDDEN = Problem(status=403, type="forbidden", title="You may not do this.")


def _answer(request: HttpRequest, problem: Problem) -> HttpResponse:
    if request.path_info.startswith("/api/"):
        return problem.response()
    # no user: reading one could need the database, whose absence may be why we are here
    context = {"problem": problem, "user": AnonymousUser()}
    response = render(request, "pages/error.html", context, status=problem.status)
    for name, value in problem.headers.items():
        response.headers[name] = value
    return response


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """400."""
    return _answer(request, BAD_REQUEST)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """403."""
    return _answer(request, FORBIDDEN)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """404."""
    return _answer(request, NOT_FOUND)


def server_error(request: HttpRequest) -> HttpResponse:
    """500; 503 where the database is busy or away. Django calls this while the exception is being handled."""
    if isinstance(sys.exc_info()[1], OperationalError):
        log.warning("database unavailable", exc_info=True)
        return _answer(request, BUSY)
    log.error("unhandled exception", exc_info=True)
    return _answer(request, SERVER_ERROR)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 - Django's signature
    """A form that is too old or comes from elsewhere."""
    title = "This form has expired. Go back, reload the page and send it again."
    return _answer(request, Problem(status=403, type="csrf", title=title))
