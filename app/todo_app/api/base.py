"""What all endpoints share: reading a request, answering, and the caller."""

import re
import uuid
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar, cast

from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from pydantic import BaseModel as Schema
from rest_framework import exceptions as drf
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.views import APIView

from todo_app.accounts.models import User
from todo_app.api.errors import PreconditionMissing, PreconditionUnreadable, problem_of_exception
from todo_app.api.json import JsonResponse
from todo_app.api.schemas.base import PageQuery
from todo_app.common.paging import page_newest_first

S = TypeVar("S", bound=Schema)
ANYTHING = "*/*"
_TAG = r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"'
TAG = re.compile(_TAG)
TAGS = re.compile(rf"[ \t,]*(?:{_TAG}[ \t]*(?:,[ \t,]*|$))+")
OURS = re.compile(r"0|[1-9][0-9]{0,8}")  # as `etag` writes a version
NEGOTIATOR = DefaultContentNegotiation()  # holds no state


class Endpoint(APIView):
    """One address. Each method reads, makes one domain call, answers."""

    resource = ""  # what a token's scope must name; without one every token is refused
    format_kwarg = None  # no suffixes; content negotiation asks
    http_method_names = ("get", "head", "post", "patch", "delete")  # what is not here is 405, OPTIONS too

    def body(self, request: Request, schema: type[S]) -> S:
        """The JSON body. Raises ValidationError."""
        return schema.model_validate(request.data)

    def query(self, request: Request, schema: type[S]) -> S:
        """The query string, each name once. Raises ValidationError."""
        return schema.model_validate(request.query_params.dict())

    def caller(self, request: Request) -> User:
        """The user who sent the token."""
        return cast(User, request.user)

    def page(self, request: Request, rows: "QuerySet[Any, dict[str, Any]]", query: PageQuery) -> JsonResponse:
        """`data` and, unless it is the last page, `next`."""
        page = page_newest_first(rows, cursor=query.cursor, limit=query.limit)
        return JsonResponse({"data": page.rows, "next": page.next})

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[Any, str]:
        """Without a search where there is nothing to choose."""
        accepted = request.META.get("HTTP_ACCEPT", ANYTHING)
        only = self.renderer_classes[0]
        if (
            len(self.renderer_classes) == 1
            and accepted in (ANYTHING, only.media_type)
            and not request.META["QUERY_STRING"]
        ):
            return only, only.media_type
        return super().perform_content_negotiation(request, force)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:  # noqa: ANN401 - Django's signature
        """APIView's, without what no endpoint here has: versions, throttles, suffixes, answers rendered later.

        The order is APIView's, too: what can be answered, who asks, whether they may, the method.
        """
        asked = Request(request, parsers=self.get_parsers(), negotiator=NEGOTIATOR)
        self.request = asked
        try:
            self.perform_content_negotiation(asked)
            self.perform_authentication(asked)
            self.check_permissions(asked)
            method = self.method_asked(asked) or self.http_method_not_allowed
            response: HttpResponseBase = method(asked, *args, **kwargs)
        except Exception as error:  # noqa: BLE001 - the table of problems knows what to do with each
            response = problem_of_exception(error)
        if response.status_code == drf.MethodNotAllowed.status_code:
            response.headers["Allow"] = ", ".join(self.allowed_methods)  # RFC 9110 asks for it
        return response

    def perform_authentication(self, request: Request) -> None:
        """Now, not when somebody asks for the user. Raises what the authentication class does."""
        request.user, request.auth = None, None  # type: ignore[assignment]  # as UNAUTHENTICATED_USER says
        for kind in self.authentication_classes:
            if (found := kind().authenticate(request)) is not None:
                request.user, request.auth = found
                return

    def permission_denied(self, request: Request, message: str | None = None, code: str | None = None) -> NoReturn:
        """401 for nobody, 403 for somebody."""
        raise drf.NotAuthenticated if request.user is None else drf.PermissionDenied

    def method_asked(self, request: Request) -> Callable[..., HttpResponseBase] | None:
        """What will run, if this address knows the method."""
        name = (request.method or "").lower()
        return getattr(self, name, None) if name in self.http_method_names else None


def versions_wanted(request: Request) -> frozenset[int] | None:
    """The versions that If-Match names (RFC 9110, 13.1.1); None for `*`.

    A weak tag and one that is not ours name none: they match nothing.
    Raises PreconditionMissing, PreconditionUnreadable.
    """
    header = request.META.get("HTTP_IF_MATCH", "").strip()
    if not header:
        raise PreconditionMissing
    if header == "*":
        return None
    if not TAGS.fullmatch(header):
        raise PreconditionUnreadable
    strong = (text for weak, text in TAG.findall(header) if not weak)
    return frozenset(int(text) for text in strong if OURS.fullmatch(text))


def versions_if_given(request: Request) -> frozenset[int] | None:
    """As `versions_wanted`, but the header may be left out."""
    return versions_wanted(request) if request.META.get("HTTP_IF_MATCH", "").strip() else None


def etag(version: int) -> dict[str, str]:
    """The header that names a version."""
    return {"ETag": f'"{version}"'}


def located(request: Request, key: uuid.UUID) -> dict[str, str]:
    """Where a new row is found."""
    return {"Location": f"{request.path}/{key}"}
