"""gunicorn's threaded worker, which leaves new connections to siblings that have fewer."""

import time
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

PATIENCE = 300e-6  # seconds for each open connection: a sibling needs less than this to wake and accept
MOST = 5e-3  # seconds; the event loop must not be held up


class BalancedWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """All workers wait on one listening socket and wake together; whoever is first takes the whole burst.

    Connections are kept alive, so that a worker would go on with all of them while the next one idles: half the
    processors of a pod. The more connections a worker has beyond its threads, the longer it holds back.
    """

    def accept(self, listener: Any) -> None:  # noqa: ANN401 - gunicorn's socket
        """Hold back, then take the connection if it is still there: gunicorn expects that it may be gone."""
        if self.cfg.workers > 1 and self.nr_conns >= self.cfg.threads:
            time.sleep(min(self.nr_conns * PATIENCE, MOST))
        super().accept(listener)
