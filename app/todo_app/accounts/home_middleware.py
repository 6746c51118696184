"""The whole request runs on the database of the user who sends it. Installed only with TODO_SHARDS."""

import hashlib
import uuid
from collections.abc import Callable
from typing import Any, cast

import jwt
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase

from todo_app.accounts.models import ApiToken, ExternalIdentity
from todo_app.common.problems import Problem
from todo_app.common.shards import DIRECTORY, aliases, chunks_on, current, on_shard
from todo_app.shards.homes import UserMoving, home_enter, scope

MOVING = Problem(
    status=503,
    type="busy",
    title="The account is being moved; try again.",
    headers={"Retry-After": "2"},
)


class HomeMiddleware:
    """Behind the session's middleware and before everything that reads a user."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Find out who sends it, switch, answer."""
        with scope():
            try:
                if (user_id := _sender(request)) is not None:
                    home_enter(user_id)
            except UserMoving:
                return MOVING.response()
            response = self.get_response(request)
            if isinstance(response, StreamingHttpResponse) and current() != DIRECTORY:
                response.streaming_content = chunks_on(current(), cast("list[bytes]", response.streaming_content))
            return response


def _sender(request: HttpRequest) -> uuid.UUID | None:
    """Whose token or session it is; whether either is still good is judged at home, as ever."""
    scheme, _, text = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() == "bearer":
        return found_on(_condition(text))
    if settings.SESSION_COOKIE_NAME in request.COOKIES and (key := request.session.get(SESSION_KEY)):
        return uuid.UUID(key)
    return None


def _condition(text: str) -> "QuerySet[Any, uuid.UUID]":
    """The row that names the sender: of a JWT by its claims, whose signature is judged at home, or of an API token."""
    if text.count(".") == 2:
        try:
            claims = jwt.decode(text, options={"verify_signature": False})
        except jwt.InvalidTokenError:
            claims = {}
        issuer, subject = (str(claims.get(name, "")).replace("\0", "") for name in ("iss", "sub"))
        return ExternalIdentity.objects.filter(issuer=issuer, subject=subject).values_list("user_id", flat=True)
    digest = hashlib.sha256(text.encode(errors="replace")).digest()
    return ApiToken.objects.filter(digest=digest).values_list("user_id", flat=True)


def found_on(rows: "QuerySet[Any, uuid.UUID]") -> uuid.UUID | None:
    """Tokens and identities live with their users: every database is asked until one knows it, the directory first."""
    for alias in aliases():
        with on_shard(alias):
            user_id: uuid.UUID | None = rows.first()
        if user_id is not None:
            return user_id
    return None
