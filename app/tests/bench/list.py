"""`list`: a page of 20 todos, beside the peer and the limit."""

from typing import Any

import orjson

from tests.bench import limit
from tests.bench.call import caller
from tests.bench.people import person
from tests.bench.rounds import interleaved
from tests.servers import Servers


def measure(_: Servers) -> list[dict[str, Any]]:
    """The same 20 of 60 todos from each side."""
    one = person("lister", todos=60)
    listed, _created = limit.sides(token=one.token, body=b"{}")
    sides = {
        "service": caller("GET", "/api/v1/todos", token=one.token, status=200),
        "peer": caller("GET", "/peer/todos/", token=one.token, status=200),
        "limit": listed,
    }
    for name, key in (("service", "data"), ("peer", "results"), ("limit", "data")):
        if len(orjson.loads(sides[name]())[key]) != 20:
            raise AssertionError(f"{name} does not list 20 todos")
    times = interleaved(sides)
    return [
        {"id": "list", "value": times.ratio("peer", "service"), "note": times.told()},
        {"id": "list_limit", "value": times.ratio("service", "limit"), "note": times.told()},
    ]
