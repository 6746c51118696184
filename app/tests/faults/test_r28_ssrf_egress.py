"""R28: an identity provider, or who pretends to be it, tries to send the service's own requests elsewhere.

The service asks outside for one thing only, the provider's keys. Every connection and every look-up of a name that the
process makes is seen by an audit hook of the interpreter, whatever library makes it.
"""

import json
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any

import jwt
import pytest
from django.conf import settings

from tests.faults.harness import Fault, FaultRun
from tests.issuer import rsa_key
from todo_app.accounts import issuer, jwks
from todo_app.accounts.access import TokenInvalid
from todo_app.accounts.issuer import IssuerRefused, IssuerUnavailable, token_exchanged
from todo_app.accounts.oidc import claims_of

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
FAULT = Fault(
    id="R28",
    title="ssrf-egress",
    promise="whatever the provider's documents, redirects and tokens name, the service connects to the provider alone",
    defect="the service asks wherever the provider's document says",
)
# In place of the host: all lead to a server of this machine, or where one would be.
HOSTS = (
    "169.254.169.254",
    "metadata.google.internal",
    "100.100.100.200",
    "192.0.0.192",
    "fd00:ec2::254",
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "0",
    "0.0.0.0",  # noqa: S104 - nobody listens there
    "127.0.0.1.nip.io",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:169.254.169.254]",
    "[0:0:0:0:0:ffff:7f00:1]",
    "[fe80::1%25lo]",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
    "127。0。0。1",
    "kubernetes.default.svc",
    "vault.vault.svc",
    "10.0.0.1",
    "192.168.0.1",
    "172.16.0.1",
    "postgresql.data.svc:5432",
    "redis.data.svc:6379",
    "rebind.example",
)
# With {own} for the provider's host and port, {other} for one that must not be asked.
SHAPES = (
    "http://{other}/keys",
    "http://{own}@{other}/keys",
    "http://{other}#{own}/keys",
    "http://{other}?{own}/keys",
    "http://{other}\\@{own}/keys",
    "http://{own}.{other}/keys",
    "//{other}/keys",
    "http:/{other}/keys",
    "http:{other}/keys",
    "https://{other}/keys",
    "ftp://{other}/keys",
    "file:///etc/passwd",
    "file://{other}/etc/passwd",
    "gopher://{other}/1",
    "data:application/json,{{}}",
    "HTTP://{other}/keys",
    "http://{other}%2f@{own}/keys",
    "http://{own}\t@{other}/keys",
    "jar:http://{other}!/keys",
    "http://{other}:80/keys",
    " http://{other}/keys",
    "http://{other}\r\nHost: {own}/keys",
)


WAYS = ("document", "redirect", "both", "token", "jku", "x5u")


class Evil(ThreadingHTTPServer):
    """A provider that answers with whatever `document`, `redirect` and `keys` say."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.redirect, self.jwks_uri, self.asked = "", "", list[str]()

    @property
    def place(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Evil

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        discovery = self.path.endswith("openid-configuration")
        if self.server.redirect and not (discovery and self.server.jwks_uri):
            self.send_response(302)
            self.send_header("Location", self.server.redirect)
            self.end_headers()
            return
        own = f"http://{self.server.place}"
        told = {
            "jwks_uri": self.server.jwks_uri or f"{own}/keys",
            "token_endpoint": self.server.jwks_uri or f"{own}/token",
        }
        body: dict[str, object] = {"issuer": own, **told} if discovery else {"keys": []}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_args: object) -> None:
        """Quiet."""


class Watch:
    """Where this thread's look-ups and connections went."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.on: int | None = None

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.on != threading.get_ident():
            return
        if event == "socket.connect":
            place = arguments[1]
            self.seen.append(f"{place[0]}:{place[1]}" if isinstance(place, tuple) else str(place))
        elif event == "socket.getaddrinfo":
            self.seen.append(f"{arguments[0]}:{arguments[1]}")
        elif event == "open" and str(arguments[0]).startswith("/etc/passwd"):
            self.seen.append(str(arguments[0]))


WATCH = Watch()
sys.addaudithook(WATCH)  # it cannot be taken away again, so there is one, which looks only when told to


@contextmanager
def watched() -> Iterator[list[str]]:
    """What the block asks for."""
    WATCH.seen, WATCH.on = [], threading.get_ident()
    try:
        yield WATCH.seen
    finally:
        WATCH.on = None


def payloads(rounds: int, chance: Random, own: str) -> list[tuple[str, str]]:
    """Way and address: every host in every way it may come, then random pairs of shape and host."""
    fixed = [(way, f"http://{host}/keys") for host in HOSTS for way in ("document", "redirect", "token")]
    fixed += [("document", shape.format(own=own, other="169.254.169.254")) for shape in SHAPES]
    fixed += [(way, f"http://{HOSTS[0]}/keys") for way in ("jku", "x5u", "both")]
    more = [
        (chance.choice(WAYS), chance.choice(SHAPES).format(own=own, other=chance.choice(HOSTS)))
        for _ in range(max(0, rounds - len(fixed)))
    ]
    return [*fixed, *more]


class Known:
    """The service's own name and secret at the provider."""

    def read(self, name: str) -> str:
        return name


def _forget() -> None:
    jwks._key_set.cache_clear()
    issuer._discovery.cache_clear()


def led_astray(provider: Evil, way: str, address: str) -> list[str]:
    """Where the service went, besides the provider, to judge one token."""
    provider.jwks_uri = address if way in {"document", "both", "token"} else ""
    provider.redirect = address if way in {"redirect", "both"} else ""
    _forget()
    if way == "token":
        with watched() as seen, pytest.raises((IssuerUnavailable, IssuerRefused)):
            token_exchanged(code="c", verifier="v", redirect="http://127.0.0.1/back")
        return [each for each in seen if each != provider.place]
    header = {"kid": "k", **({way: address} if way in {"jku", "x5u"} else {})}
    good = {
        "iss": f"http://{provider.place}",
        "aud": settings.OIDC_AUDIENCE,
        "sub": "x",
        "iat": 1,
        "exp": 4_000_000_000,
    }
    text = jwt.encode(good, rsa_key("evil"), algorithm="RS256", headers=header)
    with watched() as seen, pytest.raises((TokenInvalid, IssuerUnavailable)):
        claims_of(text=text)
    return [each for each in seen if each != provider.place]


def probe(run: FaultRun, patch: pytest.MonkeyPatch) -> None:
    provider = Evil()
    threading.Thread(target=provider.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    patch.setattr(settings, "OIDC_ISSUER", f"http://{provider.place}")
    patch.setattr(settings, "OIDC_AUDIENCE", "todo-app")
    patch.setattr(settings, "OIDC_JWKS_URL", "")
    patch.setattr(settings, "SECRETS", Known())
    patch.setattr(issuer, "TIMEOUT", 0.2)
    patch.setattr(socket, "getaddrinfo", _nobody(socket.getaddrinfo))
    if run.defective:
        patch.setattr(issuer, "reachable", lambda _url: True)
    found: list[str] = []
    try:
        listed = payloads(run.rounds, run.random, provider.place)
        for way, address in listed:
            found += [f"{way} {address!r}: {place}" for place in led_astray(provider, way, address)]
        asked = len(provider.asked)
    finally:
        provider.shutdown()
        provider.server_close()
        _forget()
    assert asked >= len(listed) // 2, "the provider was hardly asked: nothing was tried"
    note = f"{len(listed)} addresses, the provider was asked {asked} times" + (f"; first: {found[0]}" if found else "")
    run.verdict(n=len(listed), failures=len(found), note=note)


def _nobody(real: Any) -> Any:  # noqa: ANN401 - the signature of the socket module
    """Names lead nowhere, so that no test asks a resolver; the hook has seen what was asked for."""

    def getaddrinfo(host: str, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - as above
        sys.audit("socket.getaddrinfo", host, arguments[0] if arguments else None)
        if host != "127.0.0.1":
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return real(host, *arguments, **named)

    return getaddrinfo


def test_promise_holds(fault_run: FaultRun, monkeypatch: pytest.MonkeyPatch) -> None:
    probe(fault_run, monkeypatch)


def test_defect_turns_it_red(fault_run: FaultRun, monkeypatch: pytest.MonkeyPatch) -> None:
    probe(fault_run, monkeypatch)
