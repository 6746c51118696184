"""Vault's configuration file, and the key services it may be unsealed by."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

PORT, CLUSTER_PORT = 8200, 8201
PEERS = "vault-internal"
TLS, CONFIG, DATA, AUDIT = "/vault/tls", "/vault/config", "/vault/data", "/vault/audit"
# The transit Vault beside the embedded node (infra/cluster/embedded/unseal.py); not for production.
NODE, NODE_PORT, NODE_KEY = "node", 8210, "autounseal"


@dataclass(frozen=True, kw_only=True)
class Seal:
    """`kind` is a seal of Vault's (awskms, gcpckms, azurekeyvault, ocikms, transit) or `node`."""

    kind: str
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def by_node(self) -> bool:
        """Whether the pods ask the Vault beside the embedded node."""
        return self.kind == NODE


def names(*, namespace: str) -> tuple[str, ...]:
    """What its certificate is for: both Services, each pod, itself."""
    services = [f"vault.{namespace}.svc", f"vault.{namespace}.svc.cluster.local"]
    pods = [f"*.{PEERS}.{namespace}.svc", f"*.{PEERS}.{namespace}.svc.cluster.local"]
    return (*services, *pods, "localhost", "127.0.0.1")


def address(*, namespace: str) -> str:
    """Where everybody finds it."""
    return f"https://vault.{namespace}.svc:{PORT}"


def files(*, namespace: str, replicas: int, seal: Seal) -> dict[str, str]:
    """The config map; credentials of a seal come by the pod's identity, never by a file of ours."""
    peers = [f"https://vault-{number}.{PEERS}.{namespace}.svc:{PORT}" for number in range(replicas)]
    joins = [_block("retry_join", {"leader_api_addr": peer, "leader_ca_cert_file": f"{TLS}/ca.crt"}) for peer in peers]
    raft = _block('storage "raft"', {"path": DATA}, *(joins if replicas > 1 else ()))
    listener = _block(
        'listener "tcp"',
        {
            "address": f"0.0.0.0:{PORT}",
            "cluster_address": f"0.0.0.0:{CLUSTER_PORT}",
            "tls_cert_file": f"{TLS}/tls.crt",
            "tls_key_file": f"{TLS}/tls.key",
            "tls_min_version": "tls12",
        },
        _block("telemetry", {"unauthenticated_metrics_access": True}),
    )
    kind = "transit" if seal.by_node else seal.kind
    options: Mapping[str, str] = {"mount_path": "transit", "key_name": NODE_KEY} if seal.by_node else seal.options
    sealed = _block(f'seal "{kind}"', options)
    metrics = _block("telemetry", {"prometheus_retention_time": "12h", "disable_hostname": True})
    # Memory is locked where swap could hold it: a node for secrets has none.
    return {"vault.hcl": f"{raft}\n{listener}\n{sealed}\n{metrics}\ndisable_mlock = true\nui = false\n"}


def checksum(content: Mapping[str, str]) -> str:
    """Read once at start: pods must roll when a file changes."""
    return hashlib.sha256(json.dumps(dict(content), sort_keys=True).encode()).hexdigest()


def _block(head: str, values: Mapping[str, str | bool], *inner: str) -> str:
    lines = [f"  {key} = {json.dumps(value)}" for key, value in values.items()]
    lines += [f"  {line}" for block in inner for line in block.splitlines()]
    return "\n".join([f"{head} {{", *lines, "}"])
