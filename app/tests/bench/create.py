"""`create`: one todo with moderation and its event, beside the peer and the limit."""

from typing import Any

import orjson

from tests.bench import limit
from tests.bench.call import caller
from tests.bench.people import person
from tests.bench.rounds import interleaved
from tests.servers import Servers
from todo_app.outbox.models import Event
from todo_app.todos.models import Todo

BODY = orjson.dumps({"title": "water the plants, every one", "description": "every other day " * 12})


def measure(_: Servers) -> list[dict[str, Any]]:
    """Each call is one todo and one event more; both are counted afterwards."""
    one = person("creator")
    _listed, created = limit.sides(token=one.token, body=BODY)
    sides = {
        "service": caller("POST", "/api/v1/todos", token=one.token, body=BODY, status=201),
        "peer": caller("POST", "/peer/todos/", token=one.token, body=BODY, status=201),
        "limit": created,
    }
    times = interleaved(sides)
    todos = list(map(str, Todo.objects.filter(owner=one.user).values_list("pk", flat=True)))
    events = Event.objects.filter(type="todo.created", key__in=todos).count()
    if len(todos) != events:
        raise AssertionError(f"{len(todos)} todos with {events} events: a side does not do the same work")
    return [
        {"id": "create", "value": times.ratio("peer", "service"), "note": times.told()},
        {"id": "create_limit", "value": times.ratio("service", "limit"), "note": times.told()},
    ]
