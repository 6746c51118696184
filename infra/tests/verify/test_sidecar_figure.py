"""The figure of sidecars: two connections in two networks of one thread, and what is told of the calls."""

import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from infra.cluster.rest import poll
from infra.verify.bed import BedError
from infra.verify.bench import sidecar
from infra.verify.bench.sidecar import Proxies

ELSEWHERE = """
import http.server, subprocess, sys
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
server = http.server.HTTPServer(("127.0.0.1", 8000), http.server.SimpleHTTPRequestHandler)
print("ready", flush=True)
server.serve_forever()
"""


class Answering(BaseHTTPRequestHandler):
    """200 to who shows a token, else 401."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200 if self.headers["Authorization"] else 401)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_args: object) -> None:
        """Quiet."""


@contextmanager
def answering() -> Iterator[socket.socket]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        with socket.create_connection(("127.0.0.1", server.server_port), 10) as end:
            yield end
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.skipif(os.geteuid() != 0, reason="not run: another network needs root")
def test_a_connection_is_made_in_the_network_of_the_process_and_the_thread_comes_back() -> None:
    own = os.readlink("/proc/thread-self/ns/net")  # noqa: PTH115 - a magic link: its text is the value
    command = ["unshare", "--net", "--", "python3", "-c", ELSEWHERE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as there:
        assert there.stdout is not None
        assert there.stdout.readline() == "ready\n"
        try:
            with sidecar._connected(there.pid, "127.0.0.1") as end:
                end.sendall(b"HEAD / HTTP/1.0\r\n\r\n")
                assert end.recv(12) == b"HTTP/1.0 200"
        finally:
            there.kill()

    assert os.readlink("/proc/thread-self/ns/net") == own  # noqa: PTH115 - as above


def test_every_call_goes_over_the_one_connection_and_a_refusal_is_no_measurement() -> None:
    with answering() as end:
        call = sidecar._caller(end, {"Authorization": "Bearer x"})
        assert [call() > 0 for _ in range(3)] == [True] * 3
        refused = sidecar._caller(end, {})
        with pytest.raises(BedError, match="answered 401"):
            refused()


def test_what_is_added_is_told_with_both_sides() -> None:
    without = [0.010] * 98 + [0.020, 0.030]
    value = sidecar._added({"with": [each + 0.002 for each in without], "without": without})

    assert value.value == 2.0
    assert value.note.startswith(
        "p99 32.0 and 30.0 ms, p50 12.0 and 10.0 ms; of 100 pairs half differ by less than 2.0"
    )


def test_the_highest_memory_is_kept(tmp_path: Path) -> None:
    stat = tmp_path / "memory.stat"
    with Proxies({"web": tmp_path}, every=0.01) as proxies:
        stat.write_text("anon 40\nkernel 2\n", encoding="utf-8")
        assert poll(lambda: proxies.most["web"] == 42, deadline=10, pause=0.01)
        stat.write_text("anon 20\nkernel 2\n", encoding="utf-8")
        time.sleep(0.1)
    assert proxies.most == {"web": 42}
