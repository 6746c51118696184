"""A small identity provider on loopback: discovery, keys, RS256 and ES256 tokens. A model, no product."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

from todo_app.accounts import jwks

AUDIENCE = "todo-service"
SCOPES = "openid todos:read todos:write profile:read"


@cache
def rsa_key(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """One key for each name; making one takes a while."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


class Issuer:
    """Keys by id, those that are published, and how often they were fetched."""

    def __init__(self, url: str) -> None:
        self.url, self.fetches, self.broken = url, 0, False
        self.keys: dict[str, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey] = {"first": rsa_key("first")}

    def document(self) -> dict[str, Any]:
        """The JWK set."""
        entries = []
        for kid, key in self.keys.items():
            kind: Any = (
                jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else jwt.algorithms.ECAlgorithm
            )
            entries.append({**kind.to_jwk(key.public_key(), as_dict=True), "kid": kid, "use": "sig"})
        return {"keys": entries}

    def claims(self, **more: object) -> dict[str, Any]:
        """Good claims, changed by `more`; None leaves one out."""
        now = int(time.time())
        good = {"iss": self.url, "aud": AUDIENCE, "sub": "someone", "iat": now, "nbf": now, "exp": now + 300}
        merged = {**good, "scope": SCOPES, "preferred_username": "Some One", **more}
        return {name: value for name, value in merged.items() if value is not None}

    def token(
        self, *, kid: str | None = "first", key: rsa.RSAPrivateKey | None = None, alg: str = "RS256", **more: object
    ) -> str:
        """A signed token."""
        signer = key if key is not None else self.keys[kid or "first"]
        return jwt.encode(self.claims(**more), signer, algorithm=alg, headers={"kid": kid} if kid else None)

    def public_pem(self) -> bytes:
        """What an attacker signs HMAC with."""
        return self.keys["first"].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@contextmanager
def serving(patch: pytest.MonkeyPatch) -> Iterator[Issuer]:
    """A running issuer that the service trusts."""
    holder: list[Issuer] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer = holder[0]
            if self.path == "/keys":
                issuer.fetches += 1
            found = {
                "/.well-known/openid-configuration": {"issuer": issuer.url, "jwks_uri": f"{issuer.url}/keys"},
                "/keys": issuer.document(),
            }.get(self.path)
            self.send_response(503 if issuer.broken else 200 if found else 404)
            self.end_headers()
            self.wfile.write(json.dumps(found).encode())

        def log_message(self, *_args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    holder.append(Issuer(f"http://127.0.0.1:{server.server_port}"))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    patch.setattr(settings, "OIDC_ISSUER", holder[0].url)
    patch.setattr(settings, "OIDC_AUDIENCE", AUDIENCE)
    jwks._key_set.cache_clear()
    try:
        yield holder[0]
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def issuer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Issuer]:
    """As `serving`."""
    with serving(monkeypatch) as running:
        yield running
