"""RFC 9457 problems: the body of every error."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from django.http import HttpResponse

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, kw_only=True)
class Problem:
    """`type` is a stable name to program against, `detail` a sentence for people; `extra` members are documented."""

    status: int
    type: str
    title: str
    detail: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """The JSON object."""
        standard = {"type": self.type, "title": self.title, "status": self.status}
        return {**standard, **({"detail": self.detail} if self.detail else {}), **self.extra}

    def response(self) -> HttpResponse:
        """A plain Django response, which needs no content negotiation and so cannot fail again."""
        return HttpResponse(
            orjson.dumps(self.body()), status=self.status, content_type=MEDIA_TYPE, headers=dict(self.headers)
        )


NOT_FOUND = Problem(status=404, type="not-found", title="There is nothing at this address.")
SERVER_ERROR = Problem(status=500, type="server-error", title="This failed on our side; it was logged.")
BUSY = Problem(status=503, type="busy", title="The service is busy; try again.", headers={"Retry-After": "2"})
