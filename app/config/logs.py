"""JSON logs on standard output: one line an event, with the request id, without anybody's text."""

import json
import logging
import sys
import traceback
from collections.abc import Callable
from typing import Any

import orjson
import structlog
from structlog.types import EventDict, WrappedLogger


def exception_places(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace an exception by its type and places: messages quote user text and row values, places never do."""
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    error = info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        frames = traceback.extract_tb(error.__traceback__)[-12:]
        event["exception"] = type(error).__qualname__
        event["places"] = [
            f"{frame.filename.rsplit('site-packages/')[-1]}:{frame.lineno} {frame.name}" for frame in frames
        ]
    return event


def as_json(event: EventDict, *, default: Callable[[Any], Any]) -> str:
    """By orjson; by json what orjson refuses, such as a lone surrogate or a huge integer: a line is never lost."""
    try:
        return orjson.dumps(event, default=default).decode()
    except TypeError:
        return json.dumps(event, default=default)


class JsonFormatter(structlog.stdlib.ProcessorFormatter):
    """Writes structlog's lines as they came, rendered already, and others' as the same JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        if isinstance(record.msg, Line):
            return record.msg
        return super().format(record)


class Line(str):
    """A rendered event."""

    __slots__ = ()


def as_line(logger: WrappedLogger, method: str, event: EventDict) -> Line:
    """The last of structlog's processors: all handlers write the same, so it is rendered once, and no record copied."""
    return Line(_RENDERER(logger, method, event))


_RENDERER: Any = structlog.processors.JSONRenderer(serializer=as_json)
SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    exception_places,
]


def logging_config(*, level: str) -> dict[str, Any]:
    """Configure structlog and return the dictionary for `logging.config`."""
    _without_places()
    structlog.configure(
        processors=[*SHARED, as_line],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        cache_logger_on_first_use=True,
    )
    quiet = {"handlers": [], "propagate": False, "level": "CRITICAL"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": JsonFormatter,
                "foreign_pre_chain": SHARED,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    _RENDERER,
                ],
            }
        },
        "handlers": {"stdout": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "json"}},
        "root": {"handlers": ["stdout"], "level": level.upper()},
        "loggers": {
            # these write paths and messages that quote the client; our own request line replaces them
            "django.request": quiet,
            "django.security": quiet,
            "django.server": quiet,
            "gunicorn.access": quiet,
            # what PostgreSQL refused in a pipeline is raised; that the rest of it was left out is no news
            "psycopg": {"level": "ERROR"},
            "psycopg.pool": {"level": "WARNING"},
            "gunicorn.error": {"handlers": ["stdout"], "propagate": False, "level": level.upper()},
        },
    }


def _without_places() -> None:
    """Have records made without what no line of ours holds (the optimisations of Python's logging documentation)."""
    logging._srcfile = None  # noqa: SLF001 - documented there
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
