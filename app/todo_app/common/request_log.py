"""One line and one measurement for each request, under one request id."""

import re
import time
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from todo_app.common.metrics import HTTP_REQUESTS, HTTP_SECONDS
from todo_app.common.uuid7 import uuid7

log = structlog.get_logger("request")
_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_PROBES = frozenset({"healthz", "readyz"})


class RequestLogMiddleware:
    """Outermost, so that it also sees what the others answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, measure, log. Neither path nor user agent is logged: both are somebody's text."""
        started = time.perf_counter()
        given = request.headers.get("X-Request-ID", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else str(uuid7())
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        response = self.get_response(request)
        seconds = time.perf_counter() - started
        response.headers["X-Request-ID"] = request_id
        match = request.resolver_match
        route = (
            f"/{match.route}" if match else ("static" if isinstance(response, HttpResponse) is False else "unmatched")
        )
        method = request.method if request.method in _METHODS else "other"
        HTTP_REQUESTS.labels(method, route, str(response.status_code)).inc()
        HTTP_SECONDS.labels(method, route).observe(seconds)
        if route.strip("/") not in _PROBES or response.status_code >= 400:
            log.info("request", method=method, route=route, status=response.status_code, ms=round(seconds * 1000, 2))
        return response
