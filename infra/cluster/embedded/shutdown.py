"""Orderly stop: nothing new is started, pods end, then the control plane, then what is left."""

import contextlib
import os
import signal
import time
from pathlib import Path
from typing import Protocol

from infra.cluster.embedded import cgroups
from infra.cluster.embedded.child import Child

PODS, COMPONENT = 15.0, 8.0
# What must not react to the end of pods goes first; etcd, which everything writes to, goes last.
ORDER = (
    ("kubelet", "kube-controller-manager", "kube-scheduler"),
    ("kube-proxy", "kube-apiserver", "containerd"),
    ("etcd",),
)


class Stoppable(Protocol):
    """The part of the supervisor that a stop needs."""

    plan: dict[str, object]
    used: tuple[cgroups.Hierarchy, ...]
    children: dict[str, Child]

    def reap(self) -> None:
        """Take note of ended processes."""

    def write_status(self) -> None:
        """Publish the state."""


def run(supervisor: Stoppable) -> None:
    """End everything; each wait is bounded, and the namespace's end kills what ignored it."""
    first, *rest = ORDER
    _end(supervisor, first)
    _end_pods(supervisor)
    others = tuple(name for name in supervisor.children if not any(name in names for names in ORDER))
    for names in (others, *rest):
        _end(supervisor, names)


def _end(supervisor: Stoppable, names: tuple[str, ...]) -> None:
    children = [supervisor.children[name] for name in names if name in supervisor.children]
    for child in children:
        child.signal(signal.SIGTERM)
    end = time.monotonic() + COMPONENT
    while any(child.pid for child in children) and time.monotonic() < end:
        time.sleep(0.05)
        supervisor.reap()
    for child in children:
        child.signal(signal.SIGKILL)
        child.enter("stopped")
    supervisor.write_status()


def _end_pods(supervisor: Stoppable) -> None:
    group = "kubepods"
    for pid in cgroups.processes(supervisor.used, group):
        if _is_first(pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + PODS
    while cgroups.processes(supervisor.used, group) and time.monotonic() < end:
        time.sleep(0.1)
        supervisor.reap()


def _is_first(pid: int) -> bool:
    """Whether the process is number 1 of its own PID namespace: a container's main process."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("NSpid:"):
                return line.split()[-1] == "1"
    return False
