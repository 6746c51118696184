"""A real Vault, and what Kubernetes would answer about tokens, on loopback."""

import base64
import http.server
import json
import os
import secrets
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import hvac  # type: ignore[import-untyped] # ships no types
import requests
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from infra.verify.ports import free_port
from infra.verify.vault.database import until


class Server:
    """Vault with raft, one node, that can be killed and started again on its data."""

    def __init__(
        self,
        program: Path,
        folder: Path,
        *,
        seal: str = "",
        env: dict[str, str] | None = None,
        config: str = "",
        port: int = 0,
    ) -> None:
        """`seal` is a block of the configuration, `env` is the seal's; `config` is a whole one, with TLS."""
        folder.mkdir(exist_ok=True)
        self.program, self.folder, self.env, self.port = program, folder, env or {}, port or free_port()
        self.log = folder / "vault.log"
        self.share = ""
        self.config = folder / "vault.hcl"
        self.sealed = bool(seal)
        plain = (
            f'storage "raft" {{\n  path = "{folder}"\n  node_id = "one"\n}}\n'
            f'listener "tcp" {{\n  address = "127.0.0.1:{self.port}"\n  tls_disable = true\n}}\n'
            f'api_addr = "http://127.0.0.1:{self.port}"\ncluster_addr = "http://127.0.0.1:{free_port()}"\n'
            f"{seal}\ndisable_mlock = true\nui = false\n"
        )
        self.config.write_text(config or plain, encoding="utf-8")
        scheme, authority = ("https", str(folder / "ca.crt")) if config else ("http", "")
        self.client: Any = hvac.Client(url=f"{scheme}://127.0.0.1:{self.port}", verify=authority or True)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether it has been started and not ended."""
        return self._process is not None

    def start(self) -> None:
        """Returns once it tells whether it is initialised."""
        with self.log.open("ab") as log:
            command = ["setpriv", "--pdeathsig=TERM", str(self.program), "server", f"-config={self.config}"]
            environment = {**os.environ, "SKIP_SETCAP": "1", **self.env}
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        until(lambda: _initialised(self.client) is not None)

    def end(self, number: int = signal.SIGTERM) -> None:
        """Stop it, or kill it."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(30)
            self._process = None

    def serves(self) -> bool:
        """Unsealed and leading."""
        return _initialised(self.client) is not None and self.client.sys.read_health_status(method="HEAD").ok

    def initialise(self) -> dict[str, Any]:
        """By its seal where it has one; the client is root's afterwards."""
        shares = {"recovery_shares": 1, "recovery_threshold": 1} if self.sealed else {}
        made: dict[str, Any] = self.client.adapter.put(
            "/v1/sys/init", json=shares or {"secret_shares": 1, "secret_threshold": 1}
        )
        if not shares:
            self.share = made["keys"][0]
            self.client.sys.submit_unseal_key(self.share)
        self.client.token = made["root_token"]
        until(self.serves)
        return made


@contextmanager
def server(program: Path, folder: Path, *, seal: str = "", env: dict[str, str] | None = None) -> Iterator[Server]:
    """Started, not initialised."""
    made = Server(program, folder, seal=seal, env=env)
    try:
        made.start()
        yield made
    finally:
        made.end()


@contextmanager
def vault(program: Path, folder: Path) -> Iterator["hvac.Client"]:
    """Raft, one node, unsealed, as root."""
    with server(program, folder) as made:
        made.initialise()
        yield made.client


def _initialised(client: Any) -> bool | None:  # noqa: ANN401 - hvac has no types
    with suppress(OSError, requests.RequestException, hvac.exceptions.VaultError):
        return bool(client.sys.is_initialized())
    return None


class Kubernetes:
    """Signs tokens of service accounts and reviews them, as the API server does; a forged one it does not know."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._known: dict[str, tuple[str, str, str]] = {}

    def public_key(self) -> str:
        """PEM."""
        public = self._key.public_key()
        return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()

    def token(self, namespace: str, account: str, *, audience: str = "vault", known: bool = True) -> str:
        """As a pod gets it, for ten minutes."""
        now = int(time.time())
        claims = {
            "iss": "https://kubernetes.default.svc",
            "sub": f"system:serviceaccount:{namespace}:{account}",
            "aud": [audience],
            "iat": now,
            "nbf": now,
            "exp": now + 600,
            "jti": secrets.token_hex(8),
            "kubernetes.io": {
                "namespace": namespace,
                "serviceaccount": {"name": account, "uid": f"{namespace}-{account}"},
            },
        }
        text = f"{_encoded({'alg': 'RS256', 'typ': 'JWT'})}.{_encoded(claims)}"
        signature = self._key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        token = f"{text}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
        if known:
            self._known[token] = (namespace, account, audience)
        return token

    def review(self, token: str) -> dict[str, Any]:
        """The status of a TokenReview."""
        if token not in self._known:
            return {"authenticated": False, "error": "unknown token"}
        namespace, account, audience = self._known[token]
        user = {"username": f"system:serviceaccount:{namespace}:{account}", "uid": f"{namespace}-{account}"}
        return {"authenticated": True, "user": {**user, "groups": ["system:serviceaccounts"]}, "audiences": [audience]}


def _encoded(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


@contextmanager
def kubernetes() -> Iterator[Kubernetes]:
    """Its TokenReview API."""
    port = free_port()
    known = Kubernetes(port)

    class Handler(http.server.BaseHTTPRequestHandler):
        """One resource."""

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body["status"] = known.review(body["spec"]["token"])
            text = json.dumps(body).encode()
            self.send_response(201)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield known
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
