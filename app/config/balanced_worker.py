"""gunicorn's threaded worker, which leaves new connections to siblings that have fewer."""

import time
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

PATIENCE = 300e-6  # seconds for each connection at work: a sibling needs less than this to wake and accept
MOST = 5e-3  # seconds; the event loop must not be held up


class BalancedWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """All workers wait on one listening socket and wake together; whoever is first takes the whole burst.

    Connections are kept alive, so that a worker would go on with all of them while the next one idles: half the
    processors of a pod. A worker whose threads are all taken holds back, the longer the more it has to do; connections
    that are open and idle do not count.
    """

    def accept(self, listener: Any) -> None:  # noqa: ANN401 - gunicorn's socket
        """Hold back, then take the connection if it is still there: gunicorn expects that it may be gone."""
        busy = self.nr_conns - len(self.keepalived_conns) - len(self.pending_conns)
        if self.cfg.workers > 1 and busy >= self.cfg.threads:
            time.sleep(min(busy * PATIENCE, MOST))
        super().accept(listener)
