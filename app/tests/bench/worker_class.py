"""`worker_class`: gunicorn's worker classes on lists, kept in docs/performance/worker-class.json for the decision.

Each has two workers; `sync` must have one thread, or gunicorn silently takes gthread.
"""

import os
import statistics
from typing import Any

import orjson

from tests.bench.people import person
from tests.bench.web import APP, CONNECTIONS, answered, serving
from tests.servers import Servers

KEPT = APP.parent / "docs" / "performance" / "worker-class.json"
ROUNDS, SECONDS = 3, 3.0
CLASSES = {"gthread": "--worker-class gthread", "sync": "--worker-class sync --threads 1"}
_LOAD = round(os.getloadavg()[0], 1)  # of the minute before the measurement


def measure(running: Servers) -> list[dict[str, Any]]:
    """The classes in turn, each on a fresh server, so that a drifting machine hurts each alike."""
    one = person("worker", todos=60)
    found: dict[str, list[dict[str, float]]] = {name: [] for name in CLASSES}
    for _ in range(ROUNDS):
        for name, arguments in CLASSES.items():
            with serving(running, arguments) as web:
                answered(web.port, "/api/v1/todos", token=one.token, seconds=1)
                seen = answered(web.port, "/api/v1/todos", token=one.token, seconds=SECONDS)
                found[name].append({"per_second": seen.rate, "p99_ms": seen.p99(), "pss_mb": max(web.sizes())})
    rows = [
        {"class": name, **{key: round(statistics.median(each[key] for each in rounds), 1) for key in rounds[0]}}
        for name, rounds in found.items()
    ]
    kept = {"connections": CONNECTIONS, "rounds": ROUNDS, "load_before": _LOAD, "rows": rows}
    KEPT.write_bytes(orjson.dumps(kept, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    return [{"id": f"worker_class_{row['class']}", "value": row["per_second"], "note": f"{row}"} for row in rows]
