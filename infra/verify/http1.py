"""One HTTP/1.1 exchange over asyncio streams, small enough to send 100 a second without taking a core."""

import asyncio
import ssl
from dataclasses import dataclass, field

HEAD_LIMIT = 64 * 1024


class BadAnswerError(Exception):
    """The other side answered something that is not HTTP/1.1."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What to send; the body is sent as JSON."""

    method: str = "GET"
    path: str = "/"
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def encode(self, *, host: str, close: bool) -> bytes:
        """The bytes on the wire; `close` asks the server to end the connection."""
        head = {"Host": host, "Accept": "application/json", **self.headers}
        if self.body:
            head |= {"Content-Type": "application/json"}
        if self.body or self.method in {"POST", "PUT", "PATCH"}:
            head |= {"Content-Length": str(len(self.body))}
        if close:
            head["Connection"] = "close"
        lines = [f"{self.method} {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in head.items())]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


@dataclass
class Connection:
    """An open connection that can carry one exchange after another."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def open(cls, host: str, port: int, *, tls: ssl.SSLContext | None = None) -> "Connection":
        """Connect; OSError when nobody listens, or who listens is not whom `tls` trusts."""
        return cls(*await asyncio.open_connection(host, port, limit=HEAD_LIMIT, ssl=tls))

    @property
    def usable(self) -> bool:
        """False once the other side is known to have ended it."""
        return not (self.reader.at_eof() or self.writer.is_closing())

    def close(self) -> None:
        """End it without waiting: the other side's part in the end of TLS could outlive the loop."""
        if self.writer.get_extra_info("ssl_object") is None:
            self.writer.close()
        else:
            self.writer.transport.abort()

    async def exchange(self, data: bytes, *, head_only: bool = False) -> tuple[int, bool]:
        """Send and read the whole answer: its status, and whether the connection may be used again.

        OSError or IncompleteReadError when it breaks midway, BadAnswerError when it is no HTTP.
        """
        self.writer.write(data)
        await self.writer.drain()
        try:
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        except asyncio.LimitOverrunError as error:
            raise BadAnswerError("headers without end") from error
        words = head[0].split(" ", 2)
        if len(words) < 2 or not words[0].startswith("HTTP/1.") or not words[1].isdigit():
            raise BadAnswerError(head[0][:80])
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        status = int(words[1])
        if not head_only and status not in {204, 304}:
            await self._body(headers)
        return status, headers.get("connection", "").lower() != "close"

    async def _body(self, headers: dict[str, str]) -> None:
        if "chunked" in headers.get("transfer-encoding", "").lower():
            while size := int((await self.reader.readline()).split(b";")[0] or b"0", 16):
                await self.reader.readexactly(size + 2)
            await self.reader.readuntil(b"\r\n")
        elif (length := headers.get("content-length", "")).isdigit():
            await self.reader.readexactly(int(length))
        else:
            await self.reader.read()
