"""`http`: lists a second under gunicorn, beside the peer on the same server."""

import os
import statistics
from typing import Any

from tests.bench.people import person
from tests.bench.web import answered, serving
from tests.servers import Servers

ROUNDS, SECONDS = 7, 2.0
CLASSES = ("gthread", "sync")


def measure(running: Servers) -> list[dict[str, Any]]:
    """The class of the service's configuration gives the value; BENCH_WORKERS=all tells of the others as well."""
    one = person("requester", todos=60)
    classes = CLASSES if os.environ.get("BENCH_WORKERS") == "all" else ("",)
    found = []
    for name in classes:
        with serving(running, *(("--worker-class", name) if name else ())) as web:
            rates: dict[str, list[float]] = {"/api/v1/todos": [], "/peer/todos/": []}
            for path in rates:
                answered(web.port, path, token=one.token, seconds=1)
            for _ in range(ROUNDS):
                for path, seen in rates.items():
                    seen.append(answered(web.port, path, token=one.token, seconds=SECONDS))
        ours, peers = rates.values()
        ratio = statistics.median(mine / theirs for mine, theirs in zip(ours, peers, strict=True))
        told = f"service {statistics.median(ours):.0f}/s, peer {statistics.median(peers):.0f}/s"
        found.append({"id": f"http_{name}" if name else "http", "value": ratio, "note": told})
    return found
