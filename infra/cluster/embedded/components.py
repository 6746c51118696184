"""The programs of a node: command, order, health gate and memory of each, as data."""

import shutil
from typing import Any

from infra.cluster.embedded import layout as place
from infra.cluster.embedded.addresses import Network
from infra.cluster.embedded.layout import Layout

Data = dict[str, Any]
ETCD = "https://127.0.0.1:2379"
# Controllers that have no subject on one node without a cloud, device classes or token bootstrap.
CONTROLLERS_OFF = (
    "bootstrap-signer-controller",
    "cloud-node-lifecycle-controller",
    "device-taint-eviction-controller",
    "legacy-serviceaccount-token-cleaner-controller",
    "node-ipam-controller",
    "node-route-controller",
    "resourceclaim-controller",
    "selinux-warning-controller",
    "service-lb-controller",
    "storage-version-migrator-controller",
    "token-cleaner-controller",
    "volumeattributesclass-protection-controller",
)


def every(layout: Layout, network: Network) -> list[Data]:
    """In the order of their dependencies."""
    api = ["kube-apiserver"]
    return [
        _component(layout, _etcd(layout), probe="http://127.0.0.1:2381/health", memory="96MiB"),
        {
            **_component(layout, _containerd(layout), probe=f"unix:{place.CONTAINERD_SOCKET}", memory="64MiB"),
            "program": shutil.which("containerd") or "/usr/bin/containerd",
        },
        # Each kind of a mesh and of policies takes its share: with 400 MiB, and 365 in use, it did nothing but collect.
        _component(
            layout, _apiserver(layout, network), probe="https://127.0.0.1:6443/readyz", after=["etcd"], memory="1GiB"
        ),
        _component(layout, _controllers(layout), probe="https://127.0.0.1:10257/healthz", after=api, memory="96MiB"),
        _component(layout, _scheduler(layout), probe="https://127.0.0.1:10259/healthz", after=api, memory="64MiB"),
        _component(
            layout,
            _kubelet(layout, network),
            probe="http://127.0.0.1:10248/healthz",
            after=[*api, "containerd"],
            memory="96MiB",
        ),
        _component(layout, _proxy(layout), probe="http://127.0.0.1:10249/healthz", after=api, memory="64MiB"),
    ]


def _component(layout: Layout, command: list[str], *, probe: str, memory: str, after: list[str] | None = None) -> Data:
    """`memory` is a soft limit for Go's garbage collector, never a reason to be killed."""
    return {
        "name": command[0],
        "command": command,
        "program": str(layout.bin / command[0]),
        "probe": probe,
        "after": after or [],
        "env": {"GOGC": "50", "GOMEMLIMIT": memory, "TMPDIR": str(layout.instance.state / "tmp")},
    }


def _containerd(layout: Layout) -> list[str]:
    return ["containerd", "--config", f"{layout.config}/containerd.toml", "--log-level", "warn"]


def _proxy(layout: Layout) -> list[str]:
    return ["kube-proxy", f"--config={layout.config}/proxy.yaml"]


def _etcd(layout: Layout) -> list[str]:
    pki = layout.pki
    return [
        "etcd",
        "--name=node",
        f"--data-dir={place.ETCD_DATA}",
        f"--listen-client-urls={ETCD}",
        f"--advertise-client-urls={ETCD}",
        "--listen-peer-urls=https://127.0.0.1:2380",
        "--initial-advertise-peer-urls=https://127.0.0.1:2380",
        "--initial-cluster=node=https://127.0.0.1:2380",
        "--listen-metrics-urls=http://127.0.0.1:2381",
        "--client-cert-auth=true",
        "--peer-client-cert-auth=true",
        f"--trusted-ca-file={pki}/etcd-ca.crt",
        f"--peer-trusted-ca-file={pki}/etcd-ca.crt",
        f"--cert-file={pki}/etcd-server.crt",
        f"--key-file={pki}/etcd-server.key",
        f"--peer-cert-file={pki}/etcd-peer.crt",
        f"--peer-key-file={pki}/etcd-peer.key",
        "--snapshot-count=5000",
        "--auto-compaction-mode=periodic",
        "--auto-compaction-retention=30m",
        f"--quota-backend-bytes={2 * 1024**3}",
        "--log-level=warn",
    ]


def _apiserver(layout: Layout, network: Network) -> list[str]:
    config = layout.config
    return [
        "kube-apiserver",
        f"--advertise-address={network.node_ip}",
        "--secure-port=6443",
        f"--service-cluster-ip-range={network.service_range}",
        f"--etcd-servers={ETCD}",
        *_api_keys(layout),
        "--tls-min-version=VersionTLS12",
        "--kubelet-preferred-address-types=InternalIP",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--authentication-config={config}/authentication.yaml",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",
        f"--encryption-provider-config={config}/encryption.yaml",
        f"--audit-policy-file={config}/audit.yaml",
        f"--audit-log-path={layout.audit_log}",
        "--audit-log-maxsize=20",
        "--audit-log-maxbackup=2",
        "--profiling=false",
        "--event-ttl=1h",
        "--min-request-timeout=300",
    ]


def _api_keys(layout: Layout) -> list[str]:
    """Every key and certificate the API server shows or checks."""
    pki = layout.pki
    return [
        f"--tls-cert-file={pki}/apiserver.crt",
        f"--tls-private-key-file={pki}/apiserver.key",
        f"--client-ca-file={pki}/ca.crt",
        f"--etcd-cafile={pki}/etcd-ca.crt",
        f"--etcd-certfile={pki}/etcd-client.crt",
        f"--etcd-keyfile={pki}/etcd-client.key",
        f"--kubelet-certificate-authority={pki}/ca.crt",
        f"--kubelet-client-certificate={pki}/apiserver-kubelet.crt",
        f"--kubelet-client-key={pki}/apiserver-kubelet.key",
        f"--requestheader-client-ca-file={pki}/front-proxy-ca.crt",
        f"--proxy-client-cert-file={pki}/front-proxy.crt",
        f"--proxy-client-key-file={pki}/front-proxy.key",
        f"--service-account-key-file={pki}/service-accounts.pub",
        f"--service-account-signing-key-file={pki}/service-accounts.key",
    ]


def _controllers(layout: Layout) -> list[str]:
    pki, kubeconfig = layout.pki, f"{layout.config}/controller-manager.kubeconfig"
    return [
        "kube-controller-manager",
        *_client(kubeconfig),
        "--use-service-account-credentials=true",
        f"--service-account-private-key-file={pki}/service-accounts.key",
        f"--root-ca-file={pki}/ca.crt",
        f"--cluster-signing-cert-file={pki}/ca.crt",
        f"--cluster-signing-key-file={pki}/ca.key",
        f"--requestheader-client-ca-file={pki}/front-proxy-ca.crt",
        f"--controllers={','.join(('*', *(f'-{name}' for name in CONTROLLERS_OFF)))}",
        "--allocate-node-cidrs=false",
    ]


def _scheduler(layout: Layout) -> list[str]:
    return ["kube-scheduler", *_client(f"{layout.config}/scheduler.kubeconfig")]


def _client(kubeconfig: str) -> list[str]:
    """Flags both control loops share. There is one of each, so nobody need be elected."""
    return [
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        "--bind-address=127.0.0.1",
        "--leader-elect=false",
        "--profiling=false",
        "--kube-api-qps=100",
        "--kube-api-burst=200",
    ]


def _kubelet(layout: Layout, network: Network) -> list[str]:
    return [
        "kubelet",
        f"--config={layout.config}/kubelet.yaml",
        f"--kubeconfig={layout.config}/kubelet.kubeconfig",
        f"--root-dir={place.KUBELET_ROOT}",
        f"--hostname-override={layout.instance.name}",
        f"--node-ip={network.node_ip}",
    ]
