"""A request through the whole routed application without a socket."""

import io
from collections.abc import Callable
from functools import cache
from typing import Any

from django.core.wsgi import get_wsgi_application
from django.db import connections
from django.http.response import HttpResponseBase


@cache
def _application() -> Any:  # noqa: ANN401 - a WSGI callable
    return get_wsgi_application()


def caller(method: str, path: str, *, token: str, body: bytes = b"", status: int) -> Callable[[], bytes]:
    """What a worker does for one request, its body as result. Raises AssertionError on another status."""
    path, _, query = path.partition("?")
    fixed = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "SCRIPT_NAME": "",
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8080",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1:8080",
        "HTTP_AUTHORIZATION": f"Bearer {token}",
        "HTTP_ACCEPT": "*/*",
        "CONTENT_TYPE": "application/json" if body else "",
        "CONTENT_LENGTH": str(len(body)) if body else "",
        "wsgi.url_scheme": "http",
    }
    application = _application()

    def call() -> bytes:
        response: HttpResponseBase = application({**fixed, "wsgi.input": io.BytesIO(body)}, lambda *_: None)
        content = b"".join(response)
        response.close()
        if response.status_code != status:
            raise AssertionError(f"{method} {path} answered {response.status_code}: {content[:300]!r}")
        return content

    call()
    connections.close_all()
    return call
