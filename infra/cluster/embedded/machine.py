"""What this machine allows: detected, never assumed."""

from dataclasses import dataclass
from pathlib import Path

from infra.cluster.embedded.cgroups import hierarchies, in_use

CAPABILITIES = {"CAP_SYS_ADMIN": 21, "CAP_NET_ADMIN": 12, "CAP_SYS_RESOURCE": 24, "CAP_SYS_CHROOT": 18, "CAP_MKNOD": 27}


@dataclass(frozen=True)
class Machine:
    """Facts that change how the node is configured.

    The cgroup driver is always cgroupfs: an instance lives in a mount and PID namespace of its own, where no
    systemd can be asked, and its groups lie beside systemd's slices, not among them.
    """

    cgroup_version: int
    capabilities: frozenset[str]
    swap: bool

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
        swap=len(Path("/proc/swaps").read_text(encoding="utf-8").splitlines()) > 1,
    )


def capabilities(status: str) -> frozenset[str]:
    """The effective capabilities that /proc/<pid>/status shows, of those that matter here."""
    mask = next((int(line.split()[1], 16) for line in status.splitlines() if line.startswith("CapEff:")), 0)
    return frozenset(name for name, bit in CAPABILITIES.items() if mask >> bit & 1)
