"""Addresses the API does not have."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from todo_app.common.problems import NOT_FOUND


@csrf_exempt
def missing(_request: HttpRequest, rest: str) -> HttpResponse:  # noqa: ARG001 - the rest of the path is not repeated
    """A problem, not a page."""
    return NOT_FOUND.response()
