"""A pod of Vault's."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.components import hardening
from infra.components.labels import CHECKSUM, selector
from infra.components.priorities import DATA as DATA_PRIORITY
from infra.components.vault_config import AUDIT, CLUSTER_PORT, CONFIG, DATA, NODE_PORT, PEERS, PORT, TLS, Seal

UID = 100  # of the image
ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
SEAL = "/vault/seal"
# Bytes at which the audit file is put aside when the pod starts; in production somebody ships and rotates it.
ROTATE = 64 * 1024 * 1024
HEALTH = "/v1/sys/health?standbyok=true"
START = f"""
umask 077
file={AUDIT}/audit.log
if [ -e "$file" ] && [ "$(stat -c %s "$file")" -gt {ROTATE} ]; then mv "$file" "$file.1"; fi
"""
# The key service of the embedded node is a Vault: this pod's own account signs in there, and nothing is kept.
NODE_START = f"""
export VAULT_ADDR="https://$HOST_IP:{NODE_PORT}" VAULT_CACERT={ACCOUNT}/ca.crt VAULT_TOKEN="$(cat {SEAL}/token)"
"""
SIGN_IN = f"""
umask 077
until vault write -field=token auth/kubernetes/login role=vault jwt=@{ACCOUNT}/token > {SEAL}/token; do sleep 1; done
"""


@dataclass(frozen=True)
class Meshed:
    """What the mesh's injector reads."""

    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


# A sidecar for one way only: PostgreSQL, which is strict, knows Vault by its certificate of the mesh. Everybody else
# Vault calls and is called by with a TLS of its own, by callers without a sidecar too.
MESHED = Meshed(
    {"sidecar.istio.io/inject": "true", "security.istio.io/tlsMode": "disabled"},
    {
        "traffic.sidecar.istio.io/includeInboundPorts": "",
        "traffic.sidecar.istio.io/includeOutboundIPRanges": "",
        "traffic.sidecar.istio.io/includeOutboundPorts": "5432",
    },
)


@dataclass(frozen=True, kw_only=True)
class PodArgs:
    """What differs; memory in MiB."""

    image: str
    memory: int
    cpu: str
    namespace: str
    seal: Seal
    checksum: str
    meshed: bool

    def metadata(self, labels: Mapping[str, str]) -> Any:  # noqa: ANN401 - as `template`
        """Labels and annotations; a change of the configuration rolls the pods."""
        mesh = MESHED if self.meshed else Meshed()
        return {
            "labels": {**labels, **mesh.labels},
            "annotations": {CHECKSUM: self.checksum, **mesh.annotations},
        }


def template(args: PodArgs) -> Any:  # noqa: ANN401 - what the SDK takes; mypy needs 20 GB to say that a plain dict differs
    """The pod's spec."""
    return {
        "service_account_name": "vault",
        "automount_service_account_token": True,
        "enable_service_links": False,
        "priority_class_name": DATA_PRIORITY,
        "termination_grace_period_seconds": 20,
        "security_context": hardening.pod_security(uid=UID),
        "topology_spread_constraints": hardening.spread(selector(name="vault")),
        **({"init_containers": [_sign_in(args)]} if args.seal.by_node else {}),
        "containers": [_server(args)],
        "volumes": [
            {"name": "tls", "secret": {"secret_name": "vault-tls", "default_mode": 0o440}},
            {"name": "config", "config_map": {"name": "vault", "default_mode": 0o444}},
            hardening.scratch("tmp", size="64Mi"),
            *([hardening.scratch("seal", size="1Mi")] if args.seal.by_node else []),
        ],
    }


def _server(args: PodArgs) -> dict[str, Any]:
    script = f"{START}{NODE_START if args.seal.by_node else ''}exec vault server -config={CONFIG}"
    own = f"https://$(POD_NAME).{PEERS}.{args.namespace}.svc"
    return {
        "name": "vault",
        "image": args.image,
        "image_pull_policy": "IfNotPresent",
        "command": ["sh", "-euc", script],
        "env": [
            _from_field("POD_NAME", "metadata.name"),
            _from_field("HOST_IP", "status.hostIP"),
            {"name": "VAULT_ADDR", "value": f"https://127.0.0.1:{PORT}"},
            {"name": "VAULT_CACERT", "value": f"{TLS}/ca.crt"},
            {"name": "VAULT_API_ADDR", "value": f"{own}:{PORT}"},
            {"name": "VAULT_CLUSTER_ADDR", "value": f"{own}:{CLUSTER_PORT}"},
            {"name": "VAULT_RAFT_NODE_ID", "value": "$(POD_NAME)"},
            {"name": "HOME", "value": "/tmp"},  # noqa: S108 - a mount of the pod's own
            {"name": "GOMEMLIMIT", "value": f"{args.memory * 7 // 10}MiB"},
        ],
        "ports": [
            {"name": "api", "container_port": PORT, "protocol": "TCP"},
            {"name": "cluster", "container_port": CLUSTER_PORT, "protocol": "TCP"},
        ],
        "resources": hardening.resources(cpu=args.cpu, memory=args.memory),
        "security_context": hardening.container_security(),
        # Ready before it is initialised, as the Job that does so comes by the Service; not ready while sealed.
        "startup_probe": _probe(f"{HEALTH}&sealedcode=204&uninitcode=204", period=1, failures=90),
        "readiness_probe": _probe(f"{HEALTH}&uninitcode=204", period=3, failures=2),
        "liveness_probe": _probe(f"{HEALTH}&sealedcode=204&uninitcode=204", period=10, failures=6),
        "lifecycle": {"pre_stop": {"sleep": {"seconds": 2}}},
        "volume_mounts": [
            hardening.mount("data", DATA),
            hardening.mount("audit", AUDIT),
            {"name": "tls", "mount_path": TLS, "read_only": True},
            {"name": "config", "mount_path": CONFIG, "read_only": True},
            hardening.mount("tmp", "/tmp"),  # noqa: S108 - as above
            *([{"name": "seal", "mount_path": SEAL, "read_only": True}] if args.seal.by_node else []),
        ],
    }


def _sign_in(args: PodArgs) -> dict[str, Any]:
    return {
        "name": "seal-token",
        "image": args.image,
        "image_pull_policy": "IfNotPresent",
        "command": ["sh", "-euc", SIGN_IN],
        "env": [
            _from_field("HOST_IP", "status.hostIP"),
            {"name": "VAULT_ADDR", "value": f"https://$(HOST_IP):{NODE_PORT}"},
            {"name": "VAULT_CACERT", "value": f"{ACCOUNT}/ca.crt"},
            {"name": "HOME", "value": SEAL},
        ],
        "resources": hardening.resources(cpu="20m", memory=128),
        "security_context": hardening.container_security(),
        "volume_mounts": [hardening.mount("seal", SEAL)],
    }


def _from_field(name: str, path: str) -> dict[str, Any]:
    return {"name": name, "value_from": {"field_ref": {"field_path": path}}}


def _probe(path: str, *, period: int, failures: int) -> dict[str, Any]:
    return {
        "http_get": {"path": path, "port": "api", "scheme": "HTTPS"},
        "period_seconds": period,
        "timeout_seconds": 3,
        "failure_threshold": failures,
        "success_threshold": 1,
    }
