"""`worker_mem`: the proportional set size of the largest worker after it has answered both kinds of requests."""

from typing import Any

from tests.bench.people import person
from tests.bench.web import answered, serving
from tests.servers import Servers


def measure(running: Servers) -> list[dict[str, Any]]:
    """After 5 s of full load by API requests and pages."""
    one = person("rememberer", todos=60)
    with serving(running) as web:
        for path in ("/api/v1/todos", "/sign-in", "/api/v1/auth/me"):
            answered(web.port, path, token=one.token, seconds=2)
        sizes = web.sizes()
    note = f"{len(sizes)} workers, {', '.join(f'{size:.0f}' for size in sizes)} MB"
    return [{"id": "worker_mem", "value": max(sizes), "note": note}]
