"""What the front door may ask of a cluster, whatever runs it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from infra.lib.report import Report


@dataclass(frozen=True)
class NodeImages:
    """The two images a node of our own needs before it can run any pod.

    `pause` and `coredns` are full references; `archives` maps each of them to a docker-archive.
    A cluster that is not ours ignores them.
    """

    pause: str
    coredns: str
    archives: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True)
class Component:
    """One supervised process: `pid` as the host sees it (0 when it is down), `since` in epoch seconds.

    `memory` is anonymous + kernel memory of its cgroup in bytes, 0 where it cannot be read.
    """

    name: str
    state: str
    pid: int
    restarts: int
    since: float
    message: str = ""
    memory: int = 0


@dataclass(frozen=True)
class ClusterInfo:
    """Facts for `status`, `doctor` and the memory figure; empty where the cluster is not ours."""

    kind: str
    running: bool
    server: str = ""
    node_ip: str = ""
    node_range: str = ""
    pod_range: str = ""
    service_range: str = ""
    supervisor_pid: int = 0
    components: tuple[Component, ...] = ()
    memory_cgroups: tuple[Path, ...] = ()
    exposed: Mapping[int, str] = field(default_factory=dict)
    logs: Path | None = None


class Cluster(Protocol):
    """A cluster Slipway can use. Every call may be repeated; nobody but the caller locks the instance."""

    def start(self, report: Report, *, images: NodeImages) -> None:
        """Bring the cluster to "node Ready, DNS answers", from whatever state it is in.

        Raises `SlipwayError` naming the failing component, the last lines of its log and the next command.
        Writes nothing to a cluster that already runs with these settings.
        """

    def stop(self) -> None:
        """End every process and keep the data; nothing happens when nothing runs."""

    def delete(self, report: Report) -> None:
        """Remove every process, mount, link, cgroup and file of the instance, also of a half-made one.

        For a cluster that is not ours: only what Slipway started on this machine for it.
        """

    def running(self) -> bool:
        """Whether the cluster answers (its supervisor lives, or the context's API server responds)."""

    def kubeconfig(self) -> Path:
        """The kubeconfig file to use with `context()`."""

    def context(self) -> str | None:
        """The context to name within `kubeconfig()`; `None` means its current one."""

    def load_images(self, archives: Mapping[str, Path], report: Report) -> None:
        """Make images (reference → docker-archive) known to the node; those it has are skipped."""

    def expose(self, namespace: str, service: str, port: int, host_port: int) -> None:
        """Serve `service`:`port` on 127.0.0.1:`host_port` until the instance is stopped, and again after `start`.

        Raises `SlipwayError` (code MISSING) naming the process that holds the port.
        """

    def unseal(self, report: Report, *, wanted: bool) -> None:
        """Run, or end, what unseals Vault on a node of our own; a cluster that is not ours has a key service."""

    def info(self) -> ClusterInfo:
        """What runs now; never raises for a cluster that does not run."""
