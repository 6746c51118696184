"""Limits of what comes in; how answers are written."""

import contextlib
import io
import uuid
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ParseError

from todo_app.api.json import BODY_MAX, DEPTH_MAX, BodyTooLarge, JsonResponse, OrjsonParser


def parse(body: bytes) -> object:
    return OrjsonParser().parse(io.BytesIO(body))


def test_a_body_at_the_limit_is_read_and_one_byte_more_is_not() -> None:
    assert parse(b'"' + b"a" * (BODY_MAX - 2) + b'"') == "a" * (BODY_MAX - 2)
    with pytest.raises(BodyTooLarge):
        parse(b'"' + b"a" * (BODY_MAX - 1) + b'"')


def test_nesting_is_limited() -> None:
    assert parse(b"[" * DEPTH_MAX + b"]" * DEPTH_MAX)
    with pytest.raises(ParseError, match="nested deeper"):
        parse(b"[" * (DEPTH_MAX + 1) + b"]" * (DEPTH_MAX + 1))


def test_brackets_inside_strings_do_not_count() -> None:
    assert parse(b'{"title": "[[[[[[[[[[ \\" [[[["}')


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with contextlib.suppress(ParseError):
        parse(body)


def test_keys_and_times_are_written_as_their_rfcs_say() -> None:
    answer = JsonResponse({"id": uuid.UUID(int=1), "on": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)}, status=201)

    assert answer.content == b'{"id":"00000000-0000-0000-0000-000000000001","on":"2026-01-02T03:04:05Z"}'
    assert (answer.status_code, answer.headers["Content-Type"]) == (201, "application/json")


def test_no_content_has_no_type() -> None:
    answer = JsonResponse(status=204)

    assert (answer.content, "Content-Type" in answer.headers) == (b"", False)
