"""`http`: lists a second under gunicorn, beside the peer on the same server."""

import statistics
from typing import Any

from tests.bench.people import person
from tests.bench.web import answered, serving
from tests.servers import Servers

ROUNDS, SECONDS = 7, 2.0


def measure(running: Servers) -> list[dict[str, Any]]:
    """With the worker class of the service's configuration; `worker_class` compares the others."""
    one = person("requester", todos=60)
    rates: dict[str, list[float]] = {"/api/v1/todos": [], "/peer/todos/": []}
    with serving(running) as web:
        for path in rates:
            answered(web.port, path, token=one.token, seconds=1)
        for _ in range(ROUNDS):
            for path, seen in rates.items():
                seen.append(answered(web.port, path, token=one.token, seconds=SECONDS).rate)
    ours, peers = rates.values()
    ratio = statistics.median(mine / theirs for mine, theirs in zip(ours, peers, strict=True))
    told = f"service {statistics.median(ours):.0f}/s, peer {statistics.median(peers):.0f}/s"
    return [{"id": "http", "value": ratio, "note": told}]
