"""A real Kubernetes API on loopback for tests: etcd, API server, controller manager, scheduler; no node, no root."""

import json
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

CONTROLLERS = (
    "namespace-controller,garbage-collector-controller,serviceaccount-controller,deployment-controller,"
    "replicaset-controller,statefulset-controller,job-controller,endpointslice-controller,persistentvolume-binder-controller"
)
READY_SECONDS = 90.0
AUDIT_POLICY: dict[str, Any] = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata"}],
}
WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})
# Kept by the API server and its controllers for themselves.
USERS = frozenset({"slipway"})


@dataclass
class ApiServer:
    """One running API; `kubeconfig` is for the user `slipway`, a cluster administrator."""

    root: Path
    node: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    kubeconfig: Path = Path()
    port: int = 0

    def start(self) -> None:
        """Start the parts and wait until the API is ready; raises with the end of a log when it is not."""
        self.port, etcd, peer, controllers, scheduler = free_ports(5)
        token, loop = secrets.token_hex(16), "http://127.0.0.1"
        self._write("tokens.csv", f"{token},slipway,slipway,system:masters\n{token}x,parts,parts,system:masters\n")
        self._write("audit.yaml", yaml.safe_dump(AUDIT_POLICY))
        self._write("sa.pem", _key())
        self.kubeconfig = self._config("kubeconfig", token)
        parts = str(self._config("parts.kubeconfig", f"{token}x"))
        self._run(
            "etcd",
            f"--data-dir={self.root}/etcd",
            f"--listen-client-urls={loop}:{etcd}",
            f"--advertise-client-urls={loop}:{etcd}",
            f"--listen-peer-urls={loop}:{peer}",
            f"--initial-advertise-peer-urls={loop}:{peer}",
            f"--initial-cluster=default={loop}:{peer}",
            "--unsafe-no-fsync",
        )
        self._run(
            "kube-apiserver",
            f"--etcd-servers={loop}:{etcd}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={self.port}",
            f"--cert-dir={self.root}/certs",
            f"--token-auth-file={self.root}/tokens.csv",
            "--authorization-mode=RBAC",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={self.root}/sa.pem",
            f"--service-account-signing-key-file={self.root}/sa.pem",
            "--service-cluster-ip-range=10.96.0.0/16",
            f"--audit-policy-file={self.root}/audit.yaml",
            f"--audit-log-path={self.root}/audit.log",
            "--endpoint-reconciler-type=none",
        )
        self._wait("/readyz", token)
        self._run(
            "kube-controller-manager",
            f"--kubeconfig={parts}",
            f"--controllers={CONTROLLERS}",
            "--leader-elect=false",
            f"--secure-port={controllers}",
            "--bind-address=127.0.0.1",
            f"--cert-dir={self.root}/certs",
            f"--service-account-private-key-file={self.root}/sa.pem",
        )
        self._run(
            "kube-scheduler",
            f"--kubeconfig={parts}",
            "--leader-elect=false",
            f"--secure-port={scheduler}",
            "--bind-address=127.0.0.1",
            f"--cert-dir={self.root}/certs",
        )
        self._wait("/api/v1/namespaces/default/serviceaccounts/default", token)

    def stop(self) -> None:
        """End every process started here, the API server before its etcd."""
        for process in reversed(self.processes):
            process.send_signal(signal.SIGKILL)
            process.wait()

    def writes(self, *, since: int = 0) -> list[dict[str, Any]]:
        """Audit entries of writes without dryRun by Slipway's user, from the n-th line of the log on."""
        found = []
        for line in self._audit()[since:]:
            entry = json.loads(line)
            if entry["user"]["username"] in USERS and entry["verb"] in WRITES and "dryRun" not in entry["requestURI"]:
                found.append(entry)
        return found

    def mark(self) -> int:
        """How long the audit log is now; the log is written as requests end."""
        return len(self._audit())

    def _audit(self) -> list[str]:
        return (self.root / "audit.log").read_text(encoding="utf-8").splitlines()

    def _run(self, program: str, *arguments: str) -> None:
        with (self.root / f"{program}.log").open("wb") as log:
            tied = ["setpriv", "--pdeathsig=KILL"] if shutil.which("setpriv") else []  # ends with a killed pytest, too
            command: Sequence[str | Path] = [*tied, self.node, program, *arguments]
            self.processes.append(subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True))

    def _wait(self, path: str, token: str) -> None:
        end = time.monotonic() + READY_SECONDS
        context = ssl._create_unverified_context()  # noqa: S323 - loopback, a certificate made a moment ago
        request = urllib.request.Request(
            f"https://127.0.0.1:{self.port}{path}", headers={"Authorization": f"Bearer {token}"}
        )
        while True:
            try:
                with urllib.request.urlopen(request, context=context, timeout=5):  # noqa: S310 - as above
                    return
            except (urllib.error.URLError, OSError) as error:
                if time.monotonic() > end or any(process.poll() is not None for process in self.processes):
                    logs = "\n".join(file.read_text(errors="replace")[-800:] for file in self.root.glob("*.log"))
                    raise AssertionError(f"no API at {path}: {error}\n{logs}") from error
            time.sleep(0.2)

    def _config(self, name: str, token: str) -> Path:
        server = {"server": f"https://127.0.0.1:{self.port}", "insecure-skip-tls-verify": True}
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "clusters": [{"name": "test", "cluster": server}],
            "users": [{"name": "test", "user": {"token": token}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        }
        return self._write(name, yaml.safe_dump(content))

    def _write(self, name: str, text: str) -> Path:
        file = self.root / name
        file.touch(mode=0o600)
        file.write_text(text, encoding="utf-8")
        return file


def free_ports(count: int) -> Iterator[int]:
    """Ports of loopback that nobody listened on a moment ago."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [item.getsockname()[1] for item in sockets]
    for item in sockets:
        item.close()
    return iter(ports)


def _key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
