"""A real Vault, and what Kubernetes would answer about tokens, on loopback."""

import base64
import http.server
import json
import secrets
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import hvac  # type: ignore[import-untyped] # ships no types
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from infra.tests.vault.database import until
from infra.verify.ports import free_port


@contextmanager
def vault(program: Path, folder: Path) -> Iterator["hvac.Client"]:
    """Raft, one node, unsealed, as root."""
    folder.mkdir()
    port = free_port()
    config = folder / "vault.hcl"
    config.write_text(
        f'storage "raft" {{\n  path = "{folder}"\n  node_id = "one"\n}}\n'
        f'listener "tcp" {{\n  address = "127.0.0.1:{port}"\n  tls_disable = true\n}}\n'
        f'api_addr = "http://127.0.0.1:{port}"\ncluster_addr = "http://127.0.0.1:{free_port()}"\n'
        "disable_mlock = true\nui = false\n",
        encoding="utf-8",
    )
    with (folder / "vault.log").open("wb") as log:
        command = ["setpriv", "--pdeathsig=TERM", str(program), "server", f"-config={config}"]
        server = subprocess.Popen(command, stdout=log, stderr=log)
    client = hvac.Client(url=f"http://127.0.0.1:{port}")
    try:
        until(lambda: _initialised(client) is not None)
        made = client.sys.initialize(secret_shares=1, secret_threshold=1)
        client.sys.submit_unseal_key(made["keys"][0])
        client.token = made["root_token"]
        until(lambda: _leads(client))
        yield client
    finally:
        server.terminate()
        server.wait(30)


def _initialised(client: Any) -> bool | None:  # noqa: ANN401 - hvac has no types
    with suppress(OSError):
        return bool(client.sys.is_initialized())
    return None


def _leads(client: Any) -> bool:  # noqa: ANN401 - hvac has no types
    with suppress(hvac.exceptions.VaultError):
        return bool(client.sys.list_mounted_secrets_engines())
    return False


class Kubernetes:
    """Signs tokens of service accounts and reviews them, as the API server does; a forged one it does not know."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._known: dict[str, tuple[str, str]] = {}

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
            self._known[token] = (namespace, account)
        return token

    def review(self, token: str) -> dict[str, Any]:
        """The status of a TokenReview."""
        if token not in self._known:
            return {"authenticated": False, "error": "unknown token"}
        namespace, account = self._known[token]
        user = {"username": f"system:serviceaccount:{namespace}:{account}", "uid": f"{namespace}-{account}"}
        return {"authenticated": True, "user": {**user, "groups": ["system:serviceaccounts"]}, "audiences": ["vault"]}


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
