"""JSON in and out by orjson, with limits on what comes in."""

import re
from collections.abc import Mapping
from typing import IO, Any

import orjson
from django.http import HttpResponse
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer

BODY_MAX = 64 * 1024  # bytes; a todo with its longest texts is below 50 kB of UTF-8
LARGE_BODY_MAX = 512 * 1024  # bytes; for lists of 10,000 ids
DEPTH_MAX = 8


class BodyTooLarge(Exception):
    """The body is over `limit` bytes."""

    def __init__(self, *, limit: int) -> None:
        super().__init__(f"over {limit} bytes")
        self.limit = limit


class OrjsonRenderer(BaseRenderer):
    """Tells content negotiation what comes; UUIDs and aware times come out as RFC 9562 and RFC 3339 text."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:  # noqa: ANN401 - DRF's signature
        """Never called: the view answers a JsonResponse."""
        raise TypeError("JSON is rendered by JsonResponse")


class JsonResponse(HttpResponse):
    """JSON, rendered when it is made: there is one form of an answer, so nothing is left to decide later."""

    def __init__(self, data: object = None, *, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        body = b"" if data is None else orjson.dumps(data, option=orjson.OPT_UTC_Z)
        super().__init__(body, status=status, headers=headers, content_type=OrjsonRenderer.media_type)
        if data is None:
            del self.headers["Content-Type"]


class OrjsonParser(BaseParser):
    """Refuses bodies that are too large, too deep or not JSON."""

    media_type = "application/json"
    limit = BODY_MAX

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:  # noqa: ANN401 - JSON
        """The value. Raises ParseError, BodyTooLarge."""
        body = stream.read(self.limit + 1)
        if len(body) > self.limit:
            raise BodyTooLarge(limit=self.limit)
        _depth_check(body)
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError:
            raise ParseError("The body is not valid JSON.") from None


class OrjsonLargeParser(OrjsonParser):
    """For endpoints that take long lists."""

    limit = LARGE_BODY_MAX


_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"')


def _depth_check(body: bytes) -> None:
    if body.count(b"[") + body.count(b"{") <= DEPTH_MAX:
        return
    depth = 0
    for byte in _STRINGS.sub(b"", body):
        if byte in b"[{":
            depth += 1
            if depth > DEPTH_MAX:
                raise ParseError(f"The body is nested deeper than {DEPTH_MAX} levels.")
        elif byte in b"]}":
            depth -= 1
