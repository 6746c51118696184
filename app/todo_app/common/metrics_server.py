"""Prometheus on a port of its own: the figures of one process, or of all workers from the files they share."""

import os
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest, multiprocess

# path → whether all is well; for processes that serve no http otherwise
Health = Mapping[str, Callable[[], bool]]


class MetricsServer(ThreadingHTTPServer):
    """Answers scrapes, and probes where `health` names them."""

    daemon_threads = True
    health: Health = {}


class _Handler(BaseHTTPRequestHandler):
    timeout = 5  # seconds; an idle scraper does not keep a thread
    server: MetricsServer

    def do_GET(self) -> None:
        """Answer /metrics, the paths of `health` with 200 or 503, anything else with 404."""
        path = self.path.partition("?")[0]
        if path in self.server.health:
            well = self.server.health[path]()
            self._answer(200 if well else 503, "application/json", b'{"status":"ok"}' if well else b'{"status":"no"}')
        elif path == "/metrics":
            self._answer(200, CONTENT_TYPE_LATEST, generate_latest(_registry()))
        else:
            self.send_error(404)

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Scrapes are not events."""


def _registry() -> CollectorRegistry:
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # prometheus_client leaves this constructor untyped
    return registry


def listen(port: int, *, health: Health | None = None) -> MetricsServer:
    """Bind and listen; raises OSError when the port is taken."""
    server = MetricsServer(("0.0.0.0", port), _Handler)  # noqa: S104 - the container's own network; the chart decides who reaches it
    server.health = health or {}
    return server


def serve_in_thread(server: ThreadingHTTPServer) -> None:
    """Accept on the inherited socket until the process ends."""
    server.socket.settimeout(0)  # another worker may win the accept after select woke us both
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
