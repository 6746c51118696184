"""Who did it: facts that the audit triggers write beside a change (django-pghistory reads them from a setting).

Facts are sent only before a statement that writes an audited table, so that all other writes cost nothing more.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import orjson
import structlog
from django.db import connection, transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

Facts = Callable[[], Mapping[str, object]]
_writes: tuple[str, ...] = ()
_trails: dict[str, str] = {}


def trails() -> list[str]:
    """The models of all trails."""
    return sorted(_trails.values())


def audited_table(name: str, *, trail: str) -> None:
    """Called in AppConfig.ready() for each table with audit triggers; `trail` is the model they write."""
    global _writes  # noqa: PLW0603 - one list a process, complete when the apps are ready
    _trails[name] = trail
    _writes = (*_writes, *(f'{verb} "{name}"' for verb in ("INSERT INTO", "UPDATE", "DELETE FROM")))


@contextmanager
def audited(facts: Facts) -> Iterator[None]:
    """Within, each change of an audited table is told with these facts; they are asked for when it happens."""

    def tell(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:  # noqa: ANN401 - Django's signature
        if not sql.startswith(_writes):
            return execute(sql, params, many, context)
        # local to the transaction: a pooled connection must not carry one request's facts to the next
        with transaction.atomic(using=context["connection"].alias, savepoint=False):
            text = orjson.dumps(dict(facts())).decode()
            execute("SELECT set_config('pghistory.context_metadata', %s, true)", [text], False, context)  # noqa: FBT003 - Django's signature
            return execute(sql, params, many, context)

    with connection.execute_wrapper(tell):
        yield


class AuditMiddleware:
    """The caller of the API is known only when its token was judged, hence facts are asked for late."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Tell actor, route and request id; GET may write too, when a token names a new user."""

        def facts() -> Mapping[str, object]:
            user, match = getattr(request, "user", None), request.resolver_match
            key = getattr(user, "pk", None)
            given = structlog.contextvars.get_contextvars().get("request_id")
            return {"actor": str(key) if key else None, "route": match.route if match else None, "request_id": given}

        with audited(facts):
            return self.get_response(request)
