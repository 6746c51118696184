"""`Idempotency-Key` on POST: the header, the stored answer, and its problems."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

import orjson
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from rest_framework.request import Request

from todo_app.api.base import Endpoint
from todo_app.api.errors import KeyUnreadable, problem_of_exception
from todo_app.api.json import OrjsonRenderer
from todo_app.common.idempotency import (
    Answer,
    KeyInFlight,
    answer_keep,
    attempt_active,
    attempt_release,
    key_claim,
)
from todo_app.common.models import IdempotencyKey

REPLAYED = "Idempotency-Replayed"
KEPT_HEADERS = ("Content-Type", "Content-Disposition", "ETag", "Location")
# a bare token or, as the draft has it, a quoted string
_KEY = re.compile(r'"([\x20\x21\x23-\x7e]{1,200})"|([\x21\x23-\x7e]{1,200})')
_TRY_AGAIN = 500  # from here on it was our fault
_LIMITED = 429

Method = Callable[..., HttpResponseBase]
Outcome = Callable[[Endpoint, Request, Any], HttpResponseBase]


def idempotent(answer: Outcome | None = None, *, body: bool = True) -> Callable[[Method], Method]:
    """Let a POST be repeated with one effect.

    `answer` makes the response of what the service hands to `outcome_keep` inside its transaction; without it the
    service keeps steps, and the response is stored at the end. `body` is False where the method reads none.
    """

    def decorate(method: Method) -> Method:
        @wraps(method)
        def wrapper(view: Endpoint, request: Request, *arguments: Any, **named: Any) -> HttpResponseBase:  # noqa: ANN401 - the view's own
            header = request.META.get("HTTP_IDEMPOTENCY_KEY")
            if header is None:
                return method(view, request, *arguments, **named)
            row = _claimed(view, request, header, body=body)
            if row.status is not None:
                return _replay(row)
            return _first(view, request, row, answer, lambda: method(view, request, *arguments, **named))

        return wrapper

    return decorate


def _claimed(view: Endpoint, request: Request, header: str, *, body: bool) -> IdempotencyKey:
    found = _KEY.fullmatch(header.strip())
    if found is None:
        raise KeyUnreadable
    sent = [request.query_params.dict(), request.data if body else None]
    content = orjson.dumps(sent, option=orjson.OPT_SORT_KEYS)
    return key_claim(
        user_id=view.caller(request).pk,
        route=request.path,
        key=found[1] or found[2],
        request=content,
        now=timezone.now(),
    )


def _first(
    view: Endpoint, request: Request, row: IdempotencyKey, answer: Outcome | None, run: Callable[[], HttpResponseBase]
) -> HttpResponseBase:
    def render(outcome: object) -> Answer:
        if isinstance(outcome, Exception):
            return _answer(problem_of_exception(outcome))
        if answer is None:
            raise TypeError(f"{type(view).__name__} keeps steps, not an outcome")
        return _answer(answer(view, request, outcome))

    with attempt_active(row=row, render=render) as attempt:
        try:
            response = run()
        except KeyInFlight:
            raise
        except Exception as error:  # noqa: BLE001 - DRF would judge it the same way, but behind our back
            response = problem_of_exception(error)
    if response.status_code >= _TRY_AGAIN or response.status_code == _LIMITED:
        attempt_release(attempt, now=timezone.now())
    elif not IdempotencyKey.objects.filter(pk=row.pk, attempt=row.attempt, status__isnull=False).exists():
        answer_keep(attempt, _answer(response))
    return response


def _answer(response: HttpResponseBase) -> Answer:
    headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    if not isinstance(response, HttpResponse):
        raise TypeError("a stream cannot be stored")
    return Answer(status=response.status_code, headers=headers, body=response.content)


def _replay(row: IdempotencyKey) -> HttpResponse:
    kept = {"Content-Type": OrjsonRenderer.media_type, **row.headers, REPLAYED: "true"}
    return HttpResponse(bytes(row.body), status=row.status or 200, headers=kept)
