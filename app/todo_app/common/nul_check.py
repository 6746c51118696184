"""NUL is in no text that PostgreSQL can hold, so no address has one."""

from collections.abc import Callable

from django.core.exceptions import BadRequest
from django.http import HttpRequest
from django.http.response import HttpResponseBase


class NulCheckMiddleware:
    """Refuses an address with a NUL, before pages, admin or API look for it in the database."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """400, also for a NUL in the path."""
        if "%00" in request.META.get("QUERY_STRING", "") or "\x00" in request.META.get("QUERY_STRING", ""):
            raise BadRequest("NUL in the query string")
        if "\x00" in request.path_info:
            raise BadRequest("NUL in the path")
        return self.get_response(request)
