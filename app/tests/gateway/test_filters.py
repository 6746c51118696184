"""The gateway's filters in a real Envoy: what they refuse, what they take away, whose tokens they let pass."""

import contextlib
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import jwt
import pytest

from tests.envoy import Gateway, contract, gateway
from tests.issuer import rsa_key

pytestmark = pytest.mark.integration
TOLD = contract()
KID = "first"


class Echo(BaseHTTPRequestHandler):
    """Answers with what arrived."""

    protocol_version = "HTTP/1.1"
    arrived: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.arrived.append(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        told = {"path": self.path, "headers": [[name.lower(), value] for name, value in self.headers.items()]}
        answer = json.dumps({**told, "body": len(body)}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.send_header("Server", "secret/1.0")
        self.end_headers()
        self.wfile.write(answer)

    do_POST = do_GET  # noqa: N815 - the base class calls it so

    def log_message(self, *_args: object) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway that knows one key, before an echo."""
    public = jwt.algorithms.RSAAlgorithm.to_jwk(rsa_key("first").public_key(), as_dict=True)
    keys = {"keys": [{**public, "kid": KID, "use": "sig", "alg": "RS256"}]}
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    with gateway(f"http://127.0.0.1:{server.server_port}", tmp_path_factory.mktemp("envoy"), keys=keys) as running:
        yield running
    server.shutdown()
    server.server_close()


def ask(
    behind: Gateway, path: str = "/", *, method: str = "GET", body: bytes | None = None, source: str = "127.0.0.1",
    **headers: str,
) -> tuple[int, dict[str, str], dict[str, Any]]:  # fmt: skip
    """Status, headers and body; `source` is the address it comes from, an underscore in a name stands for a dash."""
    connection = http.client.HTTPConnection("127.0.0.1", behind.port, timeout=20, source_address=(source, 0))
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    found = answer.status, {name.lower(): value for name, value in answer.headers.items()}, json.loads(answer.read())
    connection.close()
    return found


def raw(behind: Gateway, text: bytes) -> int:
    """The status that these bytes get."""
    with socket.create_connection(("127.0.0.1", behind.port), timeout=20) as stream:
        stream.sendall(text)
        return int(stream.recv(4096).split(b" ", 2)[1])


def token(*, key: str = "first", alg: str = "RS256", **claims: object) -> str:
    good = {"iss": TOLD["token"]["issuer"], "sub": "someone", "aud": "any", "exp": 4_000_000_000, **claims}
    signer = "x" * 32 if alg == "HS256" else None if alg == "none" else rsa_key(key)
    return jwt.encode(good, signer, algorithm=alg, headers={"kid": KID})  # type: ignore[arg-type] # None signs nothing


def seen(answer: dict[str, Any], name: str) -> list[str]:
    return [value for each, value in answer["headers"] if each == name]


@pytest.mark.parametrize(
    "value", ["Bearer an-opaque-token-of-the-app", "Bearer ", "Basic dXNlcjpwYXNz", "Bearer a.b", "Bearer a.b.c.d"]
)
def test_what_is_no_jwt_is_the_apps_to_judge(behind: Gateway, value: str) -> None:
    status, _, answer = ask(behind, Authorization=value)

    assert (status, seen(answer, "authorization")) == (200, [value.strip()])


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_good_token_passes_as_it_came_and_leaves_no_copy(behind: Gateway, scheme: str) -> None:
    value = f"{scheme} {token()}"
    status, _, answer = ask(behind, Authorization=value)

    assert (status, seen(answer, "authorization")) == (200, [value])
    assert seen(answer, TOLD["token"]["fromHeaders"][0]["name"]) == []


@pytest.mark.parametrize(
    "text",
    [
        token(exp=1),
        token(key="other"),
        token(iss="https://evil.example.com"),
        token(nbf=4_000_000_000),
        token(alg="HS256"),
        token(alg="none"),
        token()[:-4] + "AAAA",
        "a.b.c",
        "..",
    ],
    ids=["expired", "other key", "other issuer", "not yet", "hmac", "none", "signature", "no json", "empty"],
)
def test_a_bad_token_ends_at_the_gateway(behind: Gateway, text: str) -> None:
    status, headers, answer = ask(behind, Authorization=f"bEaReR {text}")

    assert (status, answer["status"]) == (401, 401)
    assert headers["content-type"] == "application/problem+json"


def test_nobody_brings_the_gateways_own_header(behind: Gateway) -> None:
    name = TOLD["token"]["fromHeaders"][0]["name"]
    brought: dict[str, Any] = {name: token(exp=1)}
    status, _, answer = ask(behind, **brought)

    assert (status, seen(answer, name)) == (200, [])


def test_addresses_and_schemes_that_a_client_claims_do_not_arrive(behind: Gateway) -> None:
    claimed: dict[str, Any] = {
        "X-Forwarded-For": "6.6.6.6",
        "X-Real-Ip": "6.6.6.6",
        "Forwarded": "for=6.6.6.6",
        "X-Original-Url": "/x",
    }
    claimed |= {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil", "Proxy": "x"}
    _, _, answer = ask(behind, **claimed)

    assert "6.6.6.6" not in json.dumps(answer)
    assert seen(answer, "x-forwarded-proto") == ["http"]
    assert [seen(answer, name) for name in ("x-forwarded-host", "proxy", "x-original-url")] == [[], [], []]
    assert len(seen(answer, "x-forwarded-for")) == 1


@pytest.mark.parametrize(
    "line",
    [b"X_Forwarded_For: 6.6.6.6", b"Content_Length: 3", b"Transfer_Encoding: chunked"],
)
def test_a_header_with_an_underscore_is_refused(behind: Gateway, line: bytes) -> None:
    assert raw(behind, b"GET / HTTP/1.1\r\nHost: x\r\n" + line + b"\r\nConnection: close\r\n\r\n") == 400


@pytest.mark.parametrize(
    ("path", "status", "arrives"),
    [
        ("/a/../b", 200, "/b"),
        ("//a///b", 200, "/a/b"),
        ("/%61", 200, "/a"),
        ("/a%2fb", 400, ""),
        ("/a%5Cb", 400, ""),
        ("/%2e%2e/%2e%2e/etc", 200, "/etc"),
    ],
)
def test_a_path_has_one_reading(behind: Gateway, path: str, status: int, arrives: str) -> None:
    got, _, answer = ask(behind, path)

    assert (got, answer.get("path", "")) == (status, arrives)


@pytest.mark.parametrize("chunked", [False, True])
def test_too_large_a_body_does_not_arrive(behind: Gateway, *, chunked: bool) -> None:
    most = TOLD["limits"]["body"]
    connection = http.client.HTTPConnection("127.0.0.1", behind.port, timeout=30)
    whole = b"x" * (most + 1)
    with contextlib.suppress(OSError):  # it need not read to the end what it refuses
        connection.request("POST", "/too-large", iter([whole]) if chunked else whole, encode_chunked=chunked)
    assert connection.getresponse().status == 413
    connection.close()

    assert ask(behind, "/small", method="POST", body=b"x" * 1000)[2]["body"] == 1000
    assert "/small" in Echo.arrived
    assert "/too-large" not in Echo.arrived


def test_hsts_is_on_every_answer_and_no_server_tells_its_name(behind: Gateway) -> None:
    good, refused = ask(behind)[1], ask(behind, Authorization="Bearer a.b.c")[1]

    for headers in (good, refused):
        assert headers["strict-transport-security"].startswith("max-age=31536000")
    assert "server" not in good


def test_one_address_cannot_take_the_sign_in_of_others(behind: Gateway) -> None:
    most = TOLD["limits"]["sign_ins"]
    tries = [
        ask(behind, "/api/v1/auth/tokens?x", method="POST", body=b"{}", source="127.0.0.2") for _ in range(most * 2)
    ]
    statuses = [status for status, _, _ in tries]

    assert statuses[:most] == [200] * most
    assert 429 in statuses[most:]
    assert next(headers for status, headers, _ in tries if status == 429)["retry-after"] == "1"
    assert ask(behind, "/api/v1/auth/tokens", method="POST", source="127.0.0.3")[0] == 200
    assert ask(behind, "/api/v1/todos", source="127.0.0.2")[0] == 200, "other requests have a limit of their own"
