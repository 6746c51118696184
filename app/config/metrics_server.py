"""Prometheus on a port of its own: the figures of all workers, from the files they share."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest, multiprocess


class _Handler(BaseHTTPRequestHandler):
    timeout = 5  # seconds; an idle scraper does not keep a thread

    def do_GET(self) -> None:
        """Answer /metrics with the sum over all workers, anything else with 404."""
        if self.path.partition("?")[0] != "/metrics":
            self.send_error(404)
            return
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # prometheus_client leaves this constructor untyped
        body = generate_latest(registry)
        self.send_response(200)
        self.send_header("Content-Type", CONTENT_TYPE_LATEST)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Scrapes are not events."""


def listen(port: int) -> ThreadingHTTPServer:
    """Bind and listen; raises OSError when the port is taken."""
    server = ThreadingHTTPServer(("0.0.0.0", port), _Handler)  # noqa: S104 - the container's own network; the chart decides who reaches it
    server.daemon_threads = True
    return server


def serve_in_thread(server: ThreadingHTTPServer) -> None:
    """Accept on the inherited socket until the process ends."""
    server.socket.settimeout(0)  # another worker may win the accept after select woke us both
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
