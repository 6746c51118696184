"""Requests that servers read in two ways, or not at all: bytes for one connection, each made anew by a number.

Where one hides a second request it asks for HIDDEN: who answers it has been led astray.
"""

from collections.abc import Callable
from random import Random

HIDDEN = "/api/v1/words-of-the-hidden-request"
PATH = "/api/v1/auth/me"


def _head(method: str, *lines: str, path: str = PATH, version: str = "HTTP/1.1", host: str = "127.0.0.1") -> bytes:
    return "\r\n".join([f"{method} {path} {version}", *([f"Host: {host}"] if host else []), *lines, "", ""]).encode()


def _hidden() -> bytes:
    return _head("GET", path=HIDDEN)


def _chunked(body: bytes = b"") -> bytes:
    return (f"{len(body):x}\r\n".encode() + body + b"\r\n" if body else b"") + b"0\r\n\r\n"


# Ways to say "chunked" that some take for it and some do not.
TRANSFER = (
    "Transfer-Encoding: xchunked",
    "Transfer-Encoding : chunked",
    "Transfer-Encoding: chunked, identity",
    "Transfer-Encoding:\tchunked",
    "Transfer-Encoding: \x0bchunked",
    "Transfer-Encoding: chunked\x00",
    "Transfer-Encoding:\n chunked",
    "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
    " Transfer-Encoding: chunked",
    "Transfer-Encoding: 'chunked'",
    "Transfer_Encoding: chunked",
    "X: y\nTransfer-Encoding: chunked",
    "Transfer-Encoding: gzip, chunked",
    "transfer-encoding: CHUNKED",
    "Transfer-Encoding: chunked\r\nConnection: Transfer-Encoding",
)
LENGTHS = (
    "+5",
    "-1",
    "0x5",
    "5, 5",
    "5,6",
    "5 6",
    "05",
    "5\x00",
    "",
    "18446744073709551621",
    "5\r\nContent-Length: 6",
    "5\r\nContent_Length: 0",
    "5\r\nContent-Length: 5",
    "\t5",
    "5;",
    "1e1",
    "५",
)
CHUNKS = (
    b"5 \r\nabcde\r\n0\r\n\r\n",
    b"0x5\r\nabcde\r\n0\r\n\r\n",
    b"5\nabcde\n0\n\n",
    b"-5\r\nabcde\r\n0\r\n\r\n",
    b"5;x=\ny\r\nabcde\r\n0\r\n\r\n",
    b"5\r\nabcdefg\r\n0\r\n\r\n",
    b"FFFFFFFFFFFFFFFFF\r\nabcde\r\n0\r\n\r\n",
    *(
        b"0\r\nContent-Length: 50\r\n\r\n",
        b"5\r\nabcde0\r\n\r\n",
        b"5\r\nabcde\r\n0\r\nX: y\r\n\r\n",
        b"+5\r\nabcde\r\n0\r\n\r\n",
    ),
)
LINES = (
    "GET  /x HTTP/1.1",
    "GET\t/x\tHTTP/1.1",
    "GET /x HTTP/1.1 ",
    "GET /x",
    "get /x HTTP/1.1",
    "GET /x HTTP/2.0",
    *(
        "GET /x HTTP/1.10",
        "GET /x http/1.1",
        "GET x HTTP/1.1",
        "GET /x\x00y HTTP/1.1",
        "G(T /x HTTP/1.1",
        "GET /x y HTTP/1.1",
    ),
    *(
        "GET http://evil.example/x HTTP/1.1",
        "GET //evil.example/x HTTP/1.1",
        "CONNECT a:1 HTTP/1.1",
        "TRACE /x HTTP/1.1",
    ),
    *(
        "GET /x#y HTTP/1.1",
        "GET * HTTP/1.1",
        "OPTIONS * HTTP/1.1",
        "GET /\xff HTTP/1.1",
        "GET /x HTTP/0.9",
        "GET /x HTTP/1.2",
    ),
)
HEADERS = (
    "Host: a\r\nHost: b",
    "Host: a@b",
    "Host: a/b",
    "Host: a b",
    "Host:",
    "Host : a",
    "X\x00: y",
    "X: y\x00z",
    "X y",
    *(
        ": y",
        "X: y\r z",
        "X: y\n\tz",
        "X:\ry",
        "X-Forwarded-Host: evil",
        "Connection: Content-Length, Host",
        "Upgrade: h2c",
    ),
    *(
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
        "Expect: 200-maybe",
    ),
)
PATHS = (
    "/api/v1/../../admin/",
    "/api/v1/%2e%2e/%2e%2e/admin/",
    "/api/v1%2f..%2fadmin/",
    "/api/v1/..;/admin/",
    "/%00",
    *(
        "/api/v1/auth/me%0d%0aX:%20y",
        "//admin/",
        "/\\admin/",
        "/api/v1/auth%5cme",
        "/./api/v1/auth/me",
        "/api/v1/auth/me?%2f..",
    ),
)

Make = Callable[[Random], bytes]


def _of_transfer(line: str) -> Make:
    """The length says one thing, the encoding another."""

    def make(chance: Random) -> bytes:
        first, body = chance.choice([("POST", _chunked()), ("POST", _chunked(b"x=1")), ("GET", _chunked())])
        whole = body + _hidden()
        length = chance.choice([len(whole), len(body), 4, 0])
        return _head(first, f"Content-Length: {length}", line) + whole

    return make


def _of_length(value: str) -> Make:
    return lambda _: (
        f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {value}\r\n\r\n".encode() + b"abcde" + _hidden()
    )


def _of_chunks(body: bytes) -> Make:
    return lambda _: _head("POST", "Transfer-Encoding: chunked") + body + _hidden()


def _of_line(line: str) -> Make:
    return lambda _: line.encode("latin-1") + b"\r\nHost: 127.0.0.1\r\n\r\n" + _hidden()


def _of_header(lines: str) -> Make:
    return lambda _: _head("GET", lines) + _hidden()


def _of_path(path: str) -> Make:
    return lambda _: _head("GET", path=path) + _hidden()


def _large(chance: Random) -> bytes:
    """More of something than anybody should take."""
    return chance.choice(
        [
            _head("GET", path="/" + "a" * chance.choice([5_000, 20_000, 90_000])),
            _head("GET", "X: " + "a" * chance.choice([9_000, 20_000, 90_000])),
            _head("GET", *[f"X-{number}: y" for number in range(chance.choice([90, 120, 2_000]))]),
        ]
    )


def _noise(chance: Random) -> bytes:
    """A good request with a byte changed, or bytes that are none."""
    good = bytearray(_head("POST", "Content-Length: 5") + b"abcde" + _hidden())
    for _ in range(chance.randrange(1, 4)):
        good[chance.randrange(len(good))] = chance.randrange(256)
    return chance.choice([bytes(good), chance.randbytes(200), bytes(good[: chance.randrange(len(good))])])


MAKES: tuple[Make, ...] = (
    *(_of_transfer(line) for line in TRANSFER),
    *(_of_length(value) for value in LENGTHS),
    *(_of_chunks(body) for body in CHUNKS),
    *(_of_line(line) for line in LINES),
    *(_of_header(lines) for lines in HEADERS),
    *(_of_path(path) for path in PATHS),
    *[_large] * 6,
    *[_noise] * 10,
)


def malformed(number: int, chance: Random) -> bytes:
    """The request of this number: every kind in turn."""
    return MAKES[number % len(MAKES)](chance)
