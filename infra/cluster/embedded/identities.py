"""Who is who in an instance: every certificate, key and kubeconfig."""

import base64
import json
import secrets
from datetime import datetime
from pathlib import Path

from infra.cluster.embedded import unseal
from infra.cluster.embedded.addresses import Network
from infra.cluster.embedded.layout import Layout
from infra.cluster.embedded.pki import Authorities, Leaf, addresses_in, write_private

ADMIN_GROUP = "slipway:admins"
KUBELET_CLIENT = "kube-apiserver-kubelet-client"
# Kubernetes' own user names; the kubeconfig of each is config/<file>.kubeconfig.
USERS = {
    "controller-manager": "system:kube-controller-manager",
    "scheduler": "system:kube-scheduler",
    "proxy": "system:kube-proxy",
}


def leaves(network: Network, *, node: str) -> tuple[Leaf, ...]:
    """Every certificate of an instance. Three authorities: a client of one is nobody to the other two."""
    local = ("127.0.0.1", "localhost")
    api_names = tuple(f"kubernetes{tail}" for tail in ("", ".default", ".default.svc", ".default.svc.cluster.local"))
    return (
        Leaf("etcd-server", "etcd-ca", "etcd", hosts=local),
        Leaf("etcd-peer", "etcd-ca", "etcd-peer", hosts=local),
        Leaf("etcd-client", "etcd-ca", "kube-apiserver"),
        Leaf(
            "apiserver",
            "ca",
            "kube-apiserver",
            hosts=(network.node_ip, network.api_service_ip, *local, node, *api_names),
        ),
        Leaf("apiserver-kubelet", "ca", KUBELET_CLIENT),
        Leaf(unseal.NAME, "ca", unseal.NAME, hosts=(network.node_ip, *local)),
        Leaf("front-proxy", "front-proxy-ca", "front-proxy-client"),
        Leaf("kubelet", "ca", f"system:node:{node}", groups=("system:nodes",)),
        Leaf("kubelet-server", "ca", f"system:node:{node}", groups=("system:nodes",), hosts=(network.node_ip, node)),
        *(Leaf(file, "ca", user) for file, user in USERS.items()),
        Leaf("slipway", "ca", "slipway", groups=(ADMIN_GROUP,)),
        # The first user: binds ADMIN_GROUP to cluster-admin at each start, then rests.
        Leaf("bootstrap", "ca", "slipway-bootstrap", groups=("system:masters",)),
    )


def node_ip(layout: Layout) -> str:
    """The node's address as its certificates have it, "" where there is none yet."""
    for file in ("apiserver", "kubelet-server"):
        for address in addresses_in(layout.pki / f"{file}.crt"):
            return address
    return ""


def ensure(layout: Layout, network: Network, *, now: datetime) -> None:
    """Make or renew what is missing or has less than 30 days left."""
    authorities = Authorities(layout.pki, now=now)
    for name in ("ca", "etcd-ca", "front-proxy-ca"):
        authorities.ensure_authority(name)
    for leaf in leaves(network, node=layout.instance.name):
        authorities.ensure_leaf(leaf)
    authorities.ensure_key_pair("service-accounts")
    key = layout.pki / "encryption.key"
    if not key.is_file():
        write_private(key, base64.b64encode(secrets.token_bytes(32)))
    layout.config.mkdir(parents=True, exist_ok=True)
    for file in ("kubelet", *USERS):
        write_kubeconfig(layout, network, user=file, target=layout.config / f"{file}.kubeconfig")
    write_kubeconfig(layout, network, user="slipway", target=layout.instance.kubeconfig)


def write_kubeconfig(layout: Layout, network: Network, *, user: str, target: Path) -> None:
    """A kubeconfig with embedded credentials (JSON is YAML), usable from the host and inside the instance."""
    name = f"slipway-{layout.instance.name}"
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "clusters": [
            {
                "name": name,
                "cluster": {
                    "server": f"https://{network.node_ip}:6443",
                    "certificate-authority-data": _data(layout.pki / "ca.crt"),
                },
            }
        ],
        "users": [
            {
                "name": user,
                "user": {
                    "client-certificate-data": _data(layout.pki / f"{user}.crt"),
                    "client-key-data": _data(layout.pki / f"{user}.key"),
                },
            }
        ],
        "contexts": [{"name": name, "context": {"cluster": name, "user": user, "namespace": "default"}}],
    }
    text = json.dumps(content, indent=2) + "\n"
    if not target.is_file() or target.read_text(encoding="utf-8") != text:
        write_private(target, text.encode())


def _data(file: Path) -> str:
    return base64.b64encode(file.read_bytes()).decode()
