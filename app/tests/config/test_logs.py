"""Logs: one line an event, without anybody's text."""

import io
import json
import logging
import logging.config
from collections.abc import Iterator

import pytest
import structlog

from config.logs import logging_config


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    """What the configured handlers write."""
    buffer = io.StringIO()
    root = logging.getLogger()
    before = root.handlers[:]
    configuration = logging_config(level="info")
    configuration["handlers"]["stdout"]["stream"] = buffer
    logging.config.dictConfig(configuration)
    yield buffer
    root.handlers[:] = before


def test_an_exception_is_told_by_place_without_its_message(out: io.StringIO) -> None:
    try:
        int("canary: text of a user")
    except ValueError:
        structlog.get_logger("test").error("unhandled exception", exc_info=True)

    assert "canary" not in out.getvalue()
    event = json.loads(out.getvalue())
    assert event["exception"] == "ValueError"
    assert "test_logs.py" in event["places"][-1]


def test_foreign_loggers_write_one_json_line_too(out: io.StringIO) -> None:
    logging.getLogger("elsewhere").warning("two\nlines \x1b[31m %s", "\r\nforged")

    assert out.getvalue().count("\n") == 1
    assert json.loads(out.getvalue())["logger"] == "elsewhere"


def test_loggers_that_quote_the_client_are_silent(out: io.StringIO) -> None:
    logging.getLogger("django.request").error("Not Found: /canary")
    logging.getLogger("django.security.DisallowedHost").error("canary")

    assert out.getvalue() == ""


@pytest.mark.parametrize("value", ["\ud800", 2**70, float("inf")])
def test_a_value_that_json_has_no_form_for_still_gives_its_line(out: io.StringIO, value: object) -> None:
    structlog.get_logger("test").error("odd", value=value, kind=ValueError)

    event = json.loads(out.getvalue())
    assert event["event"] == "odd"
    assert "ValueError" in event["kind"]
