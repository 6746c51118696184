"""Configuration of kubelet, and of containerd below it: where the node meets the machine."""

from typing import Any

from infra.cluster.embedded import layout as place
from infra.cluster.embedded.addresses import Network
from infra.cluster.embedded.layout import CLUSTER_DOMAIN, Layout
from infra.cluster.embedded.machine import Machine

Data = dict[str, Any]


def kubelet(layout: Layout, network: Network, machine: Machine) -> Data:
    """KubeletConfiguration."""
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        **_access(layout),
        **_groups(machine),
        **_pace(),
        "containerRuntimeEndpoint": f"unix://{place.CONTAINERD_SOCKET}",
        "clusterDomain": CLUSTER_DOMAIN,
        "clusterDNS": [network.dns_ip],
        "resolvConf": str(layout.config / "resolv.conf"),
        "volumePluginDir": str(place.KUBELET_ROOT / "plugin-exec"),
        # Nobody can pull an image again here, so none is ever thrown away.
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "maxPods": 110,
        "containerLogMaxSize": "10Mi",
        "containerLogMaxFiles": 2,
    }


def _access(layout: Layout) -> Data:
    """Who may talk to kubelet: users and service accounts the API server vouches for."""
    pki = layout.pki
    return {
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(pki / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(pki / "kubelet-server.crt"),
        "tlsPrivateKeyFile": str(pki / "kubelet-server.key"),
        "healthzBindAddress": "127.0.0.1",
        "readOnlyPort": 0,
    }


def _groups(machine: Machine) -> Data:
    """Control groups and limits. The root that kubelet sees is the instance's own group."""
    return {
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": "/",
        "cgroupsPerQOS": True,
        "enforceNodeAllocatable": [],
        "failCgroupV1": False,
        "failSwapOn": False,
        "oomScoreAdj": -999 if machine.may_raise_limits else 0,
        "featureGates": {"KubeletInUserNamespace": not machine.may_raise_limits},
    }


def _pace() -> Data:
    """How quickly pods start and changes arrive: one node may ask its API server often."""
    return {
        "serializeImagePulls": False,
        "registryPullQPS": 0,
        "eventRecordQPS": 50,
        "kubeAPIQPS": 100,
        "kubeAPIBurst": 200,
        # Mounted Secrets and ConfigMaps follow a change within this time.
        "syncFrequency": "20s",
        "configMapAndSecretChangeDetectionStrategy": "Watch",
        "nodeStatusUpdateFrequency": "10s",
        "nodeStatusReportFrequency": "1m",
    }


def containerd(machine: Machine, *, pause: str) -> str:
    """containerd 1.6 configuration, version 2. An AppArmor profile would stay in the host's kernel: none is loaded."""
    restrict = str(not machine.may_raise_limits).lower()
    return f"""version = 2
root = "{place.CONTAINERD_ROOT}"
state = "/run/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs",
  "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing"]
[grpc]
  address = "{place.CONTAINERD_SOCKET}"
[plugins."io.containerd.internal.v1.opt"]
  path = "{place.CONTAINERD_ROOT}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  restrict_oom_score_adj = {restrict}
  disable_apparmor = true
  enable_selinux = false
  max_concurrent_downloads = 1
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{place.NODE_CNI_PROGRAMS}"
    conf_dir = "{place.NODE_CNI_CONFIG}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    default_runtime_name = "runc"
    snapshotter = "{machine.snapshotter}"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        BinaryName = "runc"
        SystemdCgroup = false
"""
