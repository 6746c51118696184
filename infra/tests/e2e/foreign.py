"""A cluster as somebody else's: its API server behind an address that no instance of ours has."""

import shutil
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

BUFFER = 64 * 1024


@contextmanager
def forwarded(host: str, port: int) -> Iterator[int]:
    """A port on loopback whose connections go to `host`:`port`, for a block."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection((host, port), timeout=10) as there:
                there.settimeout(None)
                back = threading.Thread(target=_copy, args=(there, self.request), daemon=True)
                back.start()
                _copy(self.request, there)
                back.join()

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    """Until the source ends; the target is told, so that the other direction ends as well."""
    try:
        with source.makefile("rb", buffering=0) as reading, target.makefile("wb", buffering=0) as writing:
            shutil.copyfileobj(reading, writing, BUFFER)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return
