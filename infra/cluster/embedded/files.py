"""The files that components read, as plain data; `write` puts them in the config folder."""

import json
import shutil
from collections.abc import Mapping
from typing import Any

from infra.cluster.embedded.addresses import Network
from infra.cluster.embedded.kubelet import containerd, kubelet
from infra.cluster.embedded.layout import CNI_PROGRAMS, Layout
from infra.cluster.embedded.machine import Machine

Data = dict[str, Any]
CHAIN = "10-slipway.conflist"


def contents(layout: Layout, network: Network, machine: Machine, *, pause: str) -> dict[str, str]:
    """Text of each file by its name; CHAIN has a folder of its own. Components read JSON wherever they take YAML."""
    files: dict[str, str | Data] = {
        "kubelet.yaml": kubelet(layout, network, machine),
        "proxy.yaml": proxy(layout, network),
        "audit.yaml": audit(),
        "authentication.yaml": authentication(),
        "containerd.toml": containerd(machine, pause=pause),
        CHAIN: cni(network),
        # Pods with dnsPolicy Default; nothing outside the cluster can be reached from it.
        "resolv.conf": f"nameserver {network.dns_ip}\n",
    }
    return {
        file: content if isinstance(content, str) else json.dumps(content, indent=2) for file, content in files.items()
    }


def write(layout: Layout, files: Mapping[str, str]) -> None:
    """Write every file anew; they hold no state. The one with the key of the encryption at rest is added."""
    key = (layout.pki / "encryption.key").read_text(encoding="utf-8")
    layout.config.mkdir(parents=True, exist_ok=True)
    for file, text in {**files, "encryption.yaml": json.dumps(encryption(key), indent=2)}.items():
        target = (layout.cni_config if file == CHAIN else layout.config) / file
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch(mode=0o600)
        target.write_text(text, encoding="utf-8")
    _link_programs(layout)


def _link_programs(layout: Layout) -> None:
    """A folder of the instance's own, so that a plug-in which a pod installs is not put into the machine's."""
    shutil.rmtree(layout.cni_programs, ignore_errors=True)
    layout.cni_programs.mkdir(parents=True)
    for program in CNI_PROGRAMS.iterdir():
        (layout.cni_programs / program.name).symlink_to(program)


def proxy(layout: Layout, network: Network) -> Data:
    """KubeProxyConfiguration; the conntrack sysctls are global and stay untouched."""
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": str(layout.config / "proxy.kubeconfig")},
        "mode": "iptables",
        "clusterCIDR": network.pod_range,
        "hostnameOverride": layout.instance.name,
        "healthzBindAddress": "127.0.0.1:10256",
        "metricsBindAddress": "127.0.0.1:10249",
        "nodePortAddresses": ["primary"],
        "conntrack": {"maxPerCore": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
        "iptables": {"minSyncPeriod": "200ms", "syncPeriod": "1m"},
    }


def audit() -> Data:
    """Every write at Metadata: user, verb, object, response code, and `dryRun` within the request URI."""
    return {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": [
            {"level": "None", "resources": [{"group": "", "resources": ["events"]}]},
            {"level": "None", "resources": [{"group": "events.k8s.io"}, {"group": "coordination.k8s.io"}]},
            {"level": "None", "resources": [{"group": "authorization.k8s.io"}, {"group": "authentication.k8s.io"}]},
            {"level": "Metadata", "verbs": ["create", "update", "patch", "delete", "deletecollection"]},
            # Who read a Secret from outside the system is worth a line.
            {"level": "None", "userGroups": ["system:nodes", "system:serviceaccounts:kube-system"]},
            {"level": "None", "users": ["system:apiserver", "system:kube-controller-manager"]},
            {"level": "Metadata", "verbs": ["get", "list"], "resources": [{"group": "", "resources": ["secrets"]}]},
            {"level": "None"},
        ],
    }


def authentication() -> Data:
    """Anonymous requests reach the health endpoints and nothing else."""
    paths = ("/livez", "/readyz", "/healthz")
    return {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AuthenticationConfiguration",
        "anonymous": {"enabled": True, "conditions": [{"path": path} for path in paths]},
    }


def encryption(key: str) -> Data:
    """Secrets are encrypted in etcd; `identity` only reads what was written before encryption."""
    return {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "EncryptionConfiguration",
        "resources": [
            {
                "resources": ["secrets"],
                "providers": [{"secretbox": {"keys": [{"name": "first", "secret": key}]}}, {"identity": {}}],
            }
        ],
    }


def cni(network: Network) -> Data:
    """Each pod gets a veth pair of its own. Leases lie in memory: after a crash no pod is left to hold one."""
    return {
        "cniVersion": "0.4.0",
        "name": "slipway",
        "plugins": [
            {
                "type": "ptp",
                "ipam": {
                    "type": "host-local",
                    "dataDir": "/run/cni-leases",
                    "ranges": [[{"subnet": network.pod_range}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            },
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    }
