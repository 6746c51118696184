"""A Go module proxy on loopback with one small module, which can break off in the middle of an answer."""

import base64
import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MODULE = "example.test/word"
VERSION = "v1.0.0"
GO_MOD = f"module {MODULE}\n\ngo 1.21\n".encode()
SOURCE = b'package word\n\nconst Word = "whole"\n'
INFO = f'{{"Version":"{VERSION}"}}'.encode()


@dataclass
class Proxy:
    """`url` for GOPROXY; with `break_at` between 0 and 1 the archive ends after that share. `broken` counts it."""

    url: str = ""
    break_at: float | None = None
    broken: int = 0
    files: dict[str, bytes] = field(default_factory=dict)


def archive() -> bytes:
    """The module as the proxy protocol wants it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name, content in (("go.mod", GO_MOD), ("word.go", SOURCE)):
            packed.writestr(f"{MODULE}@{VERSION}/{name}", content)
    return buffer.getvalue()


def go_sum() -> str:
    """What go.sum says of the module: Go's `h1` hashes of the archive and of go.mod."""
    whole = {f"{MODULE}@{VERSION}/go.mod": GO_MOD, f"{MODULE}@{VERSION}/word.go": SOURCE}
    return f"{MODULE} {VERSION} {_h1(whole)}\n{MODULE} {VERSION}/go.mod {_h1({'go.mod': GO_MOD})}\n"


def _h1(files: dict[str, bytes]) -> str:
    lines = "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    return "h1:" + base64.b64encode(hashlib.sha256(lines.encode()).digest()).decode()


@contextmanager
def serve() -> Iterator[Proxy]:
    """The proxy for a block."""
    base = f"/{MODULE}/@v"
    proxy = Proxy(
        files={f"{base}/list": VERSION.encode(), f"{base}/{VERSION}.info": INFO, f"{base}/{VERSION}.mod": GO_MOD}
        | {f"{base}/{VERSION}.zip": archive()}
    )
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(proxy))
    proxy.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(proxy: Proxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = proxy.files.get(self.path)
            if content is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if proxy.break_at is not None and self.path.endswith(".zip"):
                proxy.broken += 1
                content = content[: int(len(content) * proxy.break_at)]
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """Say nothing."""

    return Handler
