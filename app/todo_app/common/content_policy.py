"""Content-Security-Policy and the headers Django has no setting for."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

_COMMON = "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
STRICT = f"default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; {_COMMON}"
# unfold's pages are written with Alpine.js expressions and style attributes; everything still comes from here only
ADMIN = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    f"img-src 'self' data:; {_COMMON}"
)


class ContentPolicyMiddleware:
    """Strict everywhere but under /admin/."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Add the headers."""
        response = self.get_response(request)
        response.headers["Content-Security-Policy"] = ADMIN if request.path_info.startswith("/admin/") else STRICT
        response.headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
        if request.path_info.startswith("/api/"):
            response.headers["Cache-Control"] = "no-store"
        return response
