"""The one place where exceptions become HTTP."""

from collections.abc import Callable
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, OperationalError
from django.http import Http404, HttpResponse
from pydantic import ValidationError
from rest_framework import exceptions as drf

from todo_app.accounts.access import AccountBanned, TokenInvalid
from todo_app.accounts.issuer import IssuerUnavailable
from todo_app.accounts.services import CredentialsWrong, ScopeRefused
from todo_app.accounts.throttle import SignInThrottled, ThrottleUnavailable
from todo_app.api.json import BodyTooLarge
from todo_app.api.permissions import ScopeMissing
from todo_app.common.idempotency import KeyInFlight, KeyReused
from todo_app.common.paging import CursorInvalid
from todo_app.common.problems import BUSY, NOT_FOUND, SERVER_ERROR, Problem
from todo_app.moderation.checks import TextRefused
from todo_app.moderation.entries import PatternRefused, WordUnmatchable
from todo_app.moderation.services import WordTaken
from todo_app.moderation.words_csv import CsvRefused
from todo_app.todos.models import DueNotAhead, RecurrenceUnusable, RuleNeverOccurs, StartOutOfRange
from todo_app.todos.recurrences import RECURRENCES_MAX, RecurrencesFull
from todo_app.todos.services import AssigneeUnknown, TodoNotFound, TodoNotYours, TransitionRefused, VersionConflict

log = structlog.get_logger("api")
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="todo"'}


class PreconditionMissing(Exception):
    """A change without If-Match; it could overwrite somebody's."""


class PreconditionUnreadable(Exception):
    """If-Match is neither `*` nor a list of ETags."""


class KeyUnreadable(Exception):
    """Idempotency-Key is not a string of 1 to 200 visible ASCII characters."""


def refused(error: TextRefused) -> Problem:
    """Which words, and where in which field; a word across two fields is told for both."""
    refusal = error.refusal
    hits = [{"field": name, "word": hit.word, "start": start, "end": end} for name, hit, start, end in refusal.parted()]
    extra = {"words": refusal.words, "hits": hits, "words_version": refusal.words_version}
    return Problem(status=409, type="text-refused", title="The text holds banned words.", extra=extra)


def invalid(error: ValidationError) -> Problem:
    """Each bad member with its place; what was sent is not repeated."""
    errors = [
        {"pointer": "/" + "/".join(map(str, item["loc"])), "type": item["type"], "detail": item["msg"]}
        for item in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    return Problem(status=422, type="invalid", title="The request does not fit the schema.", extra={"errors": errors})


def _fixed(status: int, type: str, title: str, **more: Any) -> Callable[[Any], Problem]:  # noqa: A002, ANN401 - RFC 9457 calls it type; members of Problem
    problem = Problem(status=status, type=type, title=title, **more)
    return lambda _error: problem


TABLE: dict[type[Exception], Callable[[Any], Problem]] = {
    TextRefused: refused,
    ValidationError: invalid,
    AccountBanned: lambda e: Problem(
        status=403, type="account-banned", title="This account is banned.", detail=e.reason, extra={"reason": e.reason}
    ),
    CredentialsWrong: _fixed(401, "credentials-wrong", "Wrong name or password.", headers=CHALLENGE),
    TokenInvalid: _fixed(401, "token-invalid", "The token is unknown, expired or revoked.", headers=CHALLENGE),
    IssuerUnavailable: _fixed(
        503, "issuer-unavailable", "The identity provider does not answer.", headers={"Retry-After": "30"}
    ),
    ScopeMissing: lambda e: Problem(
        status=403,
        type="scope-missing",
        title="This token may not be used for this.",
        detail=f"It needs the scope {e.scope}.",
        extra={"scope": e.scope},
        headers={"WWW-Authenticate": f'Bearer realm="todo", error="insufficient_scope", scope="{e.scope}"'},
    ),
    ScopeRefused: lambda e: Problem(
        status=422,
        type="scope-refused",
        title="This account cannot have a token with these scopes.",
        detail=", ".join(e.scopes),
        extra={"scopes": e.scopes},
    ),
    SignInThrottled: lambda e: Problem(
        status=429,
        type="too-many-attempts",
        title="Too many sign-in attempts from here.",
        headers={"Retry-After": str(e.retry_after)},
    ),
    ThrottleUnavailable: _fixed(
        503, "sign-in-unavailable", "Sign-in is not possible right now.", headers={"Retry-After": "5"}
    ),
    TodoNotFound: lambda _e: NOT_FOUND,
    TodoNotYours: _fixed(403, "forbidden", "Only the owner of this todo may do this."),
    AssigneeUnknown: _fixed(422, "assignee-unknown", "There is no such user to assign this to."),
    RuleNeverOccurs: _fixed(
        422, "rule-never-occurs", "The rule must occur within twelve years of its start and before its end."
    ),
    StartOutOfRange: _fixed(
        422, "start-out-of-range", "starts_on must be at most a year ago and at most a hundred years ahead."
    ),
    RecurrenceUnusable: lambda e: Problem(
        status=422,
        type="recurrence-unusable",
        title="This recurrence cannot run as it is stored: change its rule, zone or start.",
        detail=e.reason,
    ),
    RecurrencesFull: _fixed(
        409, "recurrences-full", f"There are {RECURRENCES_MAX} recurrences already; delete one first."
    ),
    DueNotAhead: _fixed(422, "due-not-ahead", "due_on must be later than now."),
    VersionConflict: lambda e: Problem(
        status=412,
        type="version-conflict",
        title="The todo has changed since it was read.",
        extra={"version": e.current},
    ),
    TransitionRefused: lambda e: Problem(
        status=409, type="transition-refused", title="The status does not allow this.", detail=str(e)
    ),
    WordTaken: lambda e: Problem(
        status=409,
        type="word-taken",
        title="The word is on the list already.",
        detail=f"It is listed as: {e.existing}",
        extra={"word": e.existing},
    ),
    WordUnmatchable: _fixed(422, "word-unmatchable", "Nothing of this word could ever be found in a text."),
    PatternRefused: lambda e: Problem(
        status=422, type="pattern-refused", title="The pattern is refused.", detail=e.reason
    ),
    CsvRefused: lambda e: Problem(
        status=422,
        type="csv-refused",
        title="Lines of the CSV are bad; nothing was imported.",
        extra={"lines": [{"line": number, "detail": detail} for number, detail in e.problems]},
    ),
    CursorInvalid: _fixed(400, "cursor-invalid", "The cursor is not one that this service gave out."),
    PreconditionMissing: _fixed(428, "precondition-required", "Send If-Match with the ETag you read."),
    PreconditionUnreadable: _fixed(
        400, "if-match-invalid", 'If-Match must be * or ETags in double quotes, such as "3" or "3", "4".'
    ),
    BodyTooLarge: lambda e: Problem(status=413, type="body-too-large", title=f"The body is over {e.limit} bytes."),
    KeyUnreadable: _fixed(
        400, "idempotency-key-invalid", "Idempotency-Key must be 1 to 200 visible ASCII characters, quoted or not."
    ),
    KeyReused: _fixed(422, "idempotency-key-reused", "This Idempotency-Key stands for another request."),
    KeyInFlight: _fixed(
        409,
        "idempotency-key-in-flight",
        "The first request with this Idempotency-Key has not ended yet.",
        headers={"Retry-After": "2"},
    ),
    OperationalError: lambda _e: BUSY,
    Http404: lambda _e: NOT_FOUND,
    PermissionDenied: _fixed(403, "forbidden", "This account may not do this."),
    drf.NotAuthenticated: _fixed(401, "authentication-required", "Send a bearer token.", headers=CHALLENGE),
    drf.PermissionDenied: _fixed(403, "forbidden", "This account may not do this."),
    drf.ParseError: lambda e: Problem(
        status=400, type="unreadable", title="The body cannot be read.", detail=str(e.detail)
    ),
    drf.UnsupportedMediaType: _fixed(
        415, "unsupported-media-type", "Send what the contract names here, mostly application/json."
    ),
    drf.NotAcceptable: _fixed(406, "not-acceptable", "Only application/json is answered."),
    drf.MethodNotAllowed: _fixed(405, "method-not-allowed", "This address does not know this method."),
}


def problem_of_exception(error: Exception, _context: object = None) -> HttpResponse:
    """DRF's exception handler. What the table does not know is our fault: logged by place, told without detail."""
    for kind in type(error).__mro__:
        if kind in TABLE:
            if kind is OperationalError:
                log.warning("database unavailable", exc_info=error)
            return TABLE[kind](error).response()
    log.error("unhandled exception", exc_info=error, database=isinstance(error, DatabaseError))
    return SERVER_ERROR.response()
