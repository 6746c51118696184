"""Vault unsealed by the Vault that stands beside the embedded node, both on loopback."""

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hvac  # type: ignore[import-untyped] # ships no types

from infra.cluster.embedded import unseal
from infra.cluster.embedded.pki import Authorities, Leaf
from infra.verify.ports import free_port
from infra.verify.vault import servers
from infra.verify.vault.servers import Kubernetes, Server

SEAL = f'seal "transit" {{\n  mount_path = "transit"\n  key_name = "{unseal.KEY}"\n}}\n'


@dataclass
class Sealed:
    """`unsealing` is configured and unsealed by the supervisor's own code."""

    folder: Path
    server: Server
    unsealing: Server
    cluster: Kubernetes
    port: int
    accounts: dict[str, tuple[str, str]] = field(default_factory=dict)

    def begin(self, *, seconds: float) -> None:
        """What unseals, then what it unseals, as after a restart of the node; TimeoutError when it does not."""
        if not self.unsealing.running:
            self.unsealing.start()
        end = time.monotonic() + seconds
        while True:
            try:
                unseal.attempt(self.folder, port=self.port)
                break
            except (unseal.NotYetError, unseal.BeginAnewError) as error:
                if time.monotonic() >= end:
                    raise TimeoutError(str(error)) from error
                time.sleep(0.1)
        self.server.env |= {"VAULT_TOKEN": self._token()}
        self.server.start()

    def login(self, name: str) -> Any:  # noqa: ANN401 - hvac has no types
        """Signed in at the cluster's Vault."""
        client = hvac.Client(url=self.server.client.url)
        client.auth.kubernetes.login(role=name, jwt=self.cluster.token(*self.accounts[name]))
        return client

    def destroy(self) -> None:
        """The store is gone; what unseals it is not."""
        for name in ("vault.db", "raft", "node-id"):
            path = self.server.folder / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)

    def _token(self) -> str:
        """As the pod's first container gets it."""
        client = hvac.Client(url=self.unsealing.client.url, verify=str(self.folder / "ca.crt"))
        token = self.cluster.token(unseal.NAMESPACE, unseal.ACCOUNT, audience=unseal.AUDIENCE)
        client.auth.kubernetes.login(role=unseal.ROLE, jwt=token)
        return str(client.token)


@contextmanager
def sealed(folder: Path, program: Path) -> Iterator[Sealed]:
    """Both run, the cluster's is initialised and its client is root's."""
    own = folder / "unseal"
    own.mkdir(mode=0o700)
    (own / "data").mkdir()
    authorities = Authorities(own, now=datetime.now(UTC))
    authorities.ensure_authority("ca")
    authorities.ensure_leaf(Leaf(unseal.NAME, "ca", unseal.NAME, hosts=("127.0.0.1",)))
    port = free_port()
    with servers.kubernetes() as cluster:
        review = {"kubernetes_host": cluster.url, "disable_local_ca_jwt": True}
        settings = {"authority": str(own / "ca.crt"), "kubernetes": review}
        unseal.write_private(own / "settings.json", json.dumps(settings).encode())
        unsealing = Server(program, own, config=unseal.configuration(own, pki=own, port=port), port=port)
        env = {"VAULT_ADDR": f"https://127.0.0.1:{port}", "VAULT_CACERT": str(own / "ca.crt")}
        found = Sealed(own, Server(program, folder / "sealed", seal=SEAL, env=env), unsealing, cluster, port)
        try:
            found.begin(seconds=60)
            found.server.initialise()
            yield found
        finally:
            found.server.end()
            found.unsealing.end()
