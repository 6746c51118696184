"""gunicorn's configuration; the values an operator may change come through the settings."""

import gc
import os
import signal
import tempfile
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings

from todo_app.common import health, metrics_server

bind = f"0.0.0.0:{settings.ENV.web_port}"
workers = settings.ENV.web_workers
threads = settings.ENV.web_threads
worker_class = "config.balanced_worker.BalancedWorker"
preload_app = True  # workers share the loaded code; connections are only made after the fork
keepalive = 30  # seconds; longer than a gateway's re-use interval, so that it, not we, closes first
timeout = 60  # seconds a worker may be silent
graceful_timeout = settings.ENV.graceful_timeout  # must stay below terminationGracePeriodSeconds minus preStop
max_requests = 0  # a recycled worker leaves metric files behind (T-13) and drops its in-flight requests
control_socket_disable = True  # it would be made under HOME, which is read-only (T-11)
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else tempfile.gettempdir()  # noqa: S108 - a memory file system for heartbeats, not a fixed file name
accesslog = None  # the middleware writes one JSON line a request
logconfig_dict = settings.LOGGING
limit_request_line = 4094
limit_request_field_size = 8190

_metrics: list[ThreadingHTTPServer] = []


def on_starting(_server: Any) -> None:  # noqa: ANN401 - gunicorn publishes no types
    """Bind the metrics port once, before any fork, so that a taken port stops the start."""
    _metrics.append(metrics_server.listen(settings.ENV.metrics_port))


def pre_fork(_server: Any, _worker: Any) -> None:  # noqa: ANN401 - gunicorn publishes no types
    """Keep the collector off what was loaded before the fork: its marks would copy every page into each worker."""
    gc.collect()
    gc.freeze()


def post_fork(_server: Any, _worker: Any) -> None:  # noqa: ANN401 - gunicorn publishes no types
    """Every worker answers scrapes on the shared socket, even when all its request threads are busy."""
    metrics_server.serve_in_thread(_metrics[0])


def post_worker_init(_worker: Any) -> None:  # noqa: ANN401 - gunicorn publishes no types
    """From SIGTERM on /readyz says 503 on connections that are still open."""
    before = signal.getsignal(signal.SIGTERM)

    def draining(number: int, frame: FrameType | None) -> None:
        health.DRAINING.set()
        if callable(before):
            before(number, frame)

    signal.signal(signal.SIGTERM, draining)


def child_exit(_server: Any, worker: Any) -> None:  # noqa: ANN401 - gunicorn publishes no types
    """A dead worker's live gauges must not be summed for ever."""
    from prometheus_client import multiprocess  # noqa: PLC0415 - needs PROMETHEUS_MULTIPROC_DIR, which `web` has set

    if Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]).is_dir():
        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]  # prometheus_client leaves it untyped
