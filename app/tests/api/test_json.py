"""Limits of what comes in."""

import contextlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ParseError

from todo_app.api.json import BODY_MAX, DEPTH_MAX, BodyTooLarge, OrjsonParser


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
