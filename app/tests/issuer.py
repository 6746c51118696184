"""A small identity provider on loopback: discovery, keys, RS256 and ES256 tokens. A model, no product."""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

from todo_app.accounts import issuer as provider
from todo_app.accounts import jwks

AUDIENCE = "todo-service"
CLIENT_ID, CLIENT_SECRET = "todo client", "s3cret/+ of:the client"  # with signs that need encoding
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
        self.codes: dict[str, tuple[dict[str, str], str]] = {}  # what was asked for, and the ID token it gives
        self.exchanges: list[int] = []  # statuses of the token endpoint

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

    def authorize(self, address: str, *, token: str | None = None, **claims: object) -> dict[str, str]:
        """What a person does here: says yes. Returns the query the browser comes back with."""
        asked = dict(parse_qsl(urlsplit(address).query))
        good = {"aud": CLIENT_ID, "nonce": asked["nonce"], "groups": []}
        code = secrets.token_urlsafe(16)
        self.codes[code] = (asked, token or self.token(**{**good, **claims}))  # type: ignore[arg-type]  # any claim
        return {"code": code, "state": asked["state"]}

    def exchange(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """RFC 6749 §4.1.3 with RFC 7636: who asks, with the verifier, once."""
        status, answer = self._exchanged(form, authorization)
        self.exchanges.append(status)
        return status, answer

    def _exchanged(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        pair = f"{quote_plus(CLIENT_ID)}:{quote_plus(CLIENT_SECRET)}".encode()
        if authorization != f"Basic {base64.b64encode(pair).decode()}":
            return 401, {"error": "invalid_client"}
        asked, token = self.codes.pop(form.get("code", ""), ({}, ""))
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if (
            not asked
            or asked["redirect_uri"] != form.get("redirect_uri")
            or asked["code_challenge_method"] != "S256"
            or asked["code_challenge"] != base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            or form.get("grant_type") != "authorization_code"
        ):
            return 400, {"error": "invalid_grant"}
        return 200, {"id_token": token, "access_token": "opaque", "token_type": "Bearer"}

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
            names = {"jwks_uri": "keys", "authorization_endpoint": "authorize", "token_endpoint": "token"}
            found: dict[str, Any] | None = {
                "/.well-known/openid-configuration": {
                    "issuer": issuer.url,
                    **{name: f"{issuer.url}/{path}" for name, path in names.items()},
                },
                "/keys": issuer.document(),
            }.get(self.path)
            self._answer(200 if found else 404, found)

        def do_POST(self) -> None:
            form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
            self._answer(*holder[0].exchange(form, self.headers.get("Authorization", "")))

        def _answer(self, status: int, found: object) -> None:
            self.send_response(503 if holder[0].broken else status)
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
    provider._discovery.cache_clear()
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
