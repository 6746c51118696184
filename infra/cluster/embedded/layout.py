"""Where an instance keeps its parts, on the host and as its own processes see them."""

from dataclasses import dataclass
from pathlib import Path

from infra.lib.paths import Instance

# Inside the instance's mount namespace `<state>/lib` is /var/lib and `<state>/log` is /var/log, so that the
# paths which kubelet, containerd and CNI hard-code lie in the state folder and nothing is left on the host.
ETCD_DATA = Path("/var/lib/etcd")
KUBELET_ROOT = Path("/var/lib/kubelet")
CONTAINERD_ROOT = Path("/var/lib/containerd")
VOLUMES = Path("/var/lib/slipway/volumes")
CONTAINERD_SOCKET = Path("/run/containerd/containerd.sock")
# Of the Debian package containernetworking-plugins.
CNI_PROGRAMS = Path("/usr/lib/cni")
# What containerd of an instance reads, at the same place in each: a mesh adds a plug-in of its own to both.
NODE_CNI_PROGRAMS = Path("/var/lib/cni-programs")
NODE_CNI_CONFIG = Path("/var/lib/cni-config")
VAULTS_MOST = 5  # pods of Vault that a setting may ask for
# The others are of one replica. Vault's lie apart, so that a full audit file stops no write of its data.
LOCAL_VOLUMES = (
    *("postgresql", "redis"),
    *(f"vault-{part}-{number}" for number in range(VAULTS_MOST) for part in ("data", "audit")),
)
CLUSTER_DOMAIN = "cluster.local"


@dataclass(frozen=True)
class Layout:
    """The folders and files of one instance."""

    instance: Instance

    @property
    def pki(self) -> Path:
        """Keys and certificates, mode 0700."""
        return self.instance.state / "pki"

    @property
    def config(self) -> Path:
        """Files the components read; written anew at each start."""
        return self.instance.state / "config"

    @property
    def bin(self) -> Path:
        """Links named after each component to the one node program, so that `ps` tells them apart."""
        return self.instance.state / "bin"

    @property
    def lib(self) -> Path:
        """The node's /var/lib."""
        return self.instance.state / "lib"

    @property
    def cni_programs(self) -> Path:
        """Links to Debian's network plug-ins, and those that pods have put beside them."""
        return self.lib / NODE_CNI_PROGRAMS.name

    @property
    def cni_config(self) -> Path:
        """The chain of network plug-ins; written anew at each start, without what pods have added."""
        return self.lib / NODE_CNI_CONFIG.name

    @property
    def log(self) -> Path:
        """The node's /var/log, where the pods' logs are."""
        return self.instance.state / "log"

    @property
    def volumes(self) -> Path:
        """The data of local volumes; the node's /var/lib/slipway/volumes."""
        return self.instance.state / "volumes"

    @property
    def local_volumes(self) -> tuple[Path, ...]:
        """The folders that the stacks' local volumes point to; kubelet gives them to each pod's group."""
        return tuple(self.volumes / name for name in LOCAL_VOLUMES)

    @property
    def staging(self) -> Path:
        """A mount point used while the namespace is set up; empty on the host."""
        return self.instance.state / "staging"

    @property
    def network(self) -> Path:
        """The chosen address ranges."""
        return self.instance.state / "network.json"

    @property
    def plan(self) -> Path:
        """What the supervisor runs."""
        return self.config / "plan.json"

    @property
    def forwards(self) -> Path:
        """Ports served on the host; kept so that `start` brings them back."""
        return self.instance.state / "forwards.json"

    @property
    def extras(self) -> Path:
        """Further processes, by profile; kept so that `start` brings them back."""
        return self.instance.state / "extras.json"

    @property
    def unseal(self) -> Path:
        """Key, configuration and data of the Vault that unseals, mode 0700."""
        return self.instance.state / "unseal"

    @property
    def status(self) -> Path:
        """Written by the supervisor on every change."""
        return self.instance.run / "status.json"

    @property
    def supervisor_log(self) -> Path:
        """Output of the supervisor itself."""
        return self.instance.logs / "supervisor.log"

    @property
    def audit_log(self) -> Path:
        """The API server's audit log."""
        return self.instance.logs / "audit.log"

    @property
    def cgroup(self) -> str:
        """The one cgroup of the instance, the same path in each hierarchy."""
        return f"slipway-{self.instance.name}"

    @property
    def link(self) -> str:
        """The host's end of the veth pair."""
        return f"sw-{self.instance.name}"
