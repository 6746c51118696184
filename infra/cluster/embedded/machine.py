"""What this machine allows: detected, never assumed."""

from dataclasses import dataclass
from pathlib import Path

from infra.cluster.embedded.cgroups import MOUNTINFO, hierarchies, in_use
from infra.lib.paths import STATE_ROOT

# File systems that cannot be the upper layer of an overlay: images are copied there instead.
NO_UPPER_LAYER = ("overlay", "nfs", "fuse", "9p", "vboxsf", "cifs", "virtiofs")
CAPABILITIES = {"CAP_SYS_ADMIN": 21, "CAP_NET_ADMIN": 12, "CAP_SYS_RESOURCE": 24, "CAP_SYS_CHROOT": 18, "CAP_MKNOD": 27}


@dataclass(frozen=True)
class Machine:
    """Facts that change how the node is configured.

    The cgroup driver is always cgroupfs: an instance lives in a mount and PID namespace of its own, where no
    systemd can be asked, and its groups lie beside systemd's slices, not among them.
    """

    cgroup_version: int
    capabilities: frozenset[str]
    snapshotter: str

    @property
    def may_raise_limits(self) -> bool:
        """Without CAP_SYS_RESOURCE no process may get a lower oom_score_adj than its parent."""
        return "CAP_SYS_RESOURCE" in self.capabilities


def detect() -> Machine:
    """The facts of the machine this runs on."""
    used = in_use(hierarchies())
    return Machine(
        cgroup_version=used[0].version if used else 0,
        capabilities=capabilities(Path("/proc/self/status").read_text(encoding="utf-8")),
        snapshotter=snapshotter(MOUNTINFO.read_text(encoding="utf-8"), STATE_ROOT),
    )


def capabilities(status: str) -> frozenset[str]:
    """The effective capabilities that /proc/<pid>/status shows, of those that matter here."""
    mask = next((int(line.split()[1], 16) for line in status.splitlines() if line.startswith("CapEff:")), 0)
    return frozenset(name for name, bit in CAPABILITIES.items() if mask >> bit & 1)


def snapshotter(mountinfo: str, folder: Path) -> str:
    """What containerd keeps images with on the file system that holds `folder`."""
    kinds = {}
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        kinds[Path(left.split()[4])] = right.split()[0]
    kind = next((kinds[place] for place in (folder, *folder.parents) if place in kinds), "")
    return "native" if kind.startswith(NO_UPPER_LAYER) else "overlayfs"
