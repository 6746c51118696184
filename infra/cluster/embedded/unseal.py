"""The Vault beside the node that unseals the cluster's own: transit and nothing else. NOT FOR PRODUCTION.

Its one unseal key lies in a file beside its data, readable by root: it spares a laptop a cloud's key service and keeps
nobody out who has the disk. Only the standard library: a child of the supervisor calls `attempt`.
"""

import base64
import contextlib
import hashlib
import json
import os
import shutil
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

# As infra/components/vault_config.py and vault_pod.py have them; a test compares.
NAME, PORT, KEY = "vault-unseal", 8210, "autounseal"
ROLE, NAMESPACE, ACCOUNT = "vault", "vault", "vault"
AUDIENCE = "https://kubernetes.default.svc.cluster.local"
# Seconds. The token renews itself; a machine that sleeps longer starts its pods anew, and they sign in again.
PERIOD = 32 * 24 * 3600
# Seconds its first words may take on a busy machine: their answer comes once.
INITIALISES = 80.0
POLICY = "".join(f'path "transit/{verb}/{KEY}" {{ capabilities = ["update"] }}\n' for verb in ("encrypt", "decrypt"))
Data = dict[str, Any]


class NotYetError(Exception):
    """Asked again, it may answer."""


class BeginAnewError(Exception):
    """It must be started again, on the empty folder it has now."""


def configuration(folder: Path, *, pki: Path, port: int = PORT) -> str:
    """Its configuration file; it listens inside the instance's own network."""
    return "\n".join(
        [
            f'storage "raft" {{\n  path = "{folder}/data"\n  node_id = "{NAME}"\n}}',
            f'listener "tcp" {{\n  address = "0.0.0.0:{port}"\n  cluster_address = "127.0.0.1:{port + 1}"',
            f'  tls_cert_file = "{pki}/{NAME}.crt"\n  tls_key_file = "{pki}/{NAME}.key"\n}}',
            f'api_addr = "https://127.0.0.1:{port}"\ncluster_addr = "https://127.0.0.1:{port + 1}"',
            "disable_mlock = true\nui = false\n",
        ]
    )


def attempt(folder: Path, *, port: int = PORT) -> None:
    """One step nearer to a Vault that unseals; raises NotYetError until it does. `folder` holds settings.json."""
    settings: Data = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
    vault = _Vault(f"https://127.0.0.1:{port}", authority=Path(settings["authority"]))
    key = folder / "key"
    status = vault.ask("GET", "sys/seal-status")
    if not status["initialized"]:
        made = vault.ask("PUT", "sys/init", {"secret_shares": 1, "secret_threshold": 1}, seconds=INITIALISES)
        write_private(key, made["keys_base64"][0].encode())
        raise NotYetError("initialised")
    if not key.is_file() and not (folder / "configured").is_file():
        # The answer of the first words was lost, with nothing sealed by it yet.
        shutil.rmtree(folder / "data")
        (folder / "data").mkdir(mode=0o700)
        raise BeginAnewError("nobody has its key, and it has sealed nothing")
    if not key.is_file():
        raise NotYetError(f"{key} is lost: what it sealed cannot be read again; make down, make up begins anew")
    if status["sealed"]:
        vault.ask("PUT", "sys/unseal", {"key": key.read_text(encoding="ascii")})
        raise NotYetError("unsealed")
    _configure(vault, folder, settings, key.read_text(encoding="ascii"))


def write_private(file: Path, content: bytes) -> None:
    """On the disk before anything else happens, readable by root only."""
    temporary = file.with_name(f".{file.name}.new")
    with contextlib.suppress(FileNotFoundError):
        temporary.unlink()
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _configure(vault: "_Vault", folder: Path, settings: Data, key: str) -> None:
    """The key, and who may use it, once for these settings; root lives for these few requests."""
    wanted = hashlib.sha256(json.dumps([settings, POLICY, PERIOD], sort_keys=True).encode()).hexdigest()
    done = folder / "configured"
    if done.is_file() and done.read_text(encoding="ascii") == wanted:
        return
    vault.token = _root(vault, key)
    try:
        for path, kind in (("sys/mounts/transit", "transit"), ("sys/auth/kubernetes", "kubernetes")):
            with contextlib.suppress(_TakenError):
                vault.ask("POST", path, {"type": kind})
        vault.ask("POST", f"transit/keys/{KEY}", {})
        vault.ask("PUT", f"sys/policies/acl/{KEY}", {"policy": POLICY})
        vault.ask("POST", "auth/kubernetes/config", settings["kubernetes"])
        role = {
            "bound_service_account_names": [ACCOUNT],
            "bound_service_account_namespaces": [NAMESPACE],
            "audience": AUDIENCE,
            "token_policies": [KEY],
            "token_period": PERIOD,
        }
        vault.ask("POST", f"auth/kubernetes/role/{ROLE}", role)
    finally:
        vault.ask("POST", "auth/token/revoke-self", {})
    done.write_text(wanted, encoding="ascii")


def _root(vault: "_Vault", key: str) -> str:
    """A root token made of the unseal key."""
    with contextlib.suppress(NotYetError):
        vault.ask("DELETE", "sys/generate-root/attempt")
    begun = vault.ask("PUT", "sys/generate-root/attempt", {})
    ended = vault.ask("PUT", "sys/generate-root/update", {"key": key, "nonce": begun["nonce"]})
    token = ended["encoded_token"]
    mixed = base64.b64decode(token + "=" * (-len(token) % 4))
    return bytes(a ^ b for a, b in zip(mixed, begun["otp"].encode("ascii"), strict=True)).decode("ascii")


class _TakenError(Exception):
    """Something is at this path already."""


class _Vault:
    """Its API."""

    def __init__(self, address: str, *, authority: Path) -> None:
        self._address = address
        self._context = ssl.create_default_context(cafile=str(authority))
        self.token = ""

    def ask(self, method: str, path: str, body: Data | None = None, *, seconds: float = 10) -> Data:
        """One request."""
        headers = {"X-Vault-Token": self.token} if self.token else {}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - loopback, https
            f"{self._address}/v1/{path}", data=data, method=method, headers=headers
        )
        try:
            with urllib.request.urlopen(request, timeout=seconds, context=self._context) as answer:  # noqa: S310 - as above
                found: Data = json.loads(answer.read() or b"{}")
                return found
        except urllib.error.HTTPError as error:
            said = error.read(2000).decode(errors="replace")
            if "already in use" in said:
                raise _TakenError(path) from None
            raise NotYetError(f"{method} {path}: {error.code} {said}") from None
        except OSError as error:
            raise NotYetError(f"{method} {path}: {error}") from None
