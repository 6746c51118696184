"""What the supervisor, process 1 of fresh namespaces, prepares before it starts anything.

Only the standard library. All mounts and links end with the namespaces, whatever way they end.
"""

import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.cluster.embedded import cgroups, kernel

# kubelet ends unless these sysctls of the whole machine have its values. The machine's stay as they are:
# kubelet is shown files which hold what it wants, finds nothing to change, and starts.
KUBELET_SYSCTLS = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}
SUPERVISOR_GROUP = "system/supervisor"
COVERED = ("/var/lib", "/var/log", "/run")


def enter(plan: Mapping[str, Any], *, host_network: int) -> None:
    """Set up name, mounts and network of the instance."""
    socket.sethostname(plan["instance"])
    _link(plan["network"], host_network=host_network)
    _folders(plan)
    _proc(Path("/run"))
    _groups(plan)
    # As on any node with an init system: volumes may ask for mount propagation.
    kernel.mount("none", "/", flags=kernel.MS_SHARED | kernel.MS_REC)


def _folders(plan: Mapping[str, Any]) -> None:
    state, run = Path(plan["state"]), Path(plan["run"])
    lib, log, staging = (Path(plan[key]) for key in ("lib", "log", "staging"))
    for folder in (lib, log, staging, Path(plan["volumes"])):
        folder.mkdir(parents=True, exist_ok=True)
    for name in ("kubelet", "containerd", "cni", "etcd", "slipway/volumes"):
        (lib / name).mkdir(parents=True, exist_ok=True)
    (lib / "etcd").chmod(0o700)
    kept = [folder for folder in map(Path, plan["keep"]) if any(folder.is_relative_to(top) for top in COVERED)]
    # Everything is assembled below the folders of the state and only then laid over the host's paths.
    _show(state, lib / state.relative_to("/var/lib"))
    _show(Path(plan["volumes"]), lib / "slipway/volumes")
    kernel.mount("tmpfs", lib / "cni", "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "mode=755")
    kernel.mount("tmpfs", staging, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "mode=755,size=10%")
    _show(run, staging / run.relative_to("/run"))
    for name in ("lock", "shm"):
        (staging / name).mkdir(mode=0o1777)
    for folder in kept:
        _keep(folder, lib=lib, log=log, run=staging)
    kernel.bind(log, "/var/log")
    kernel.bind(staging, "/run")
    kernel.bind(lib, "/var/lib")


def _keep(folder: Path, *, lib: Path, log: Path, run: Path) -> None:
    for top, cover in (("/var/lib", lib), ("/var/log", log), ("/run", run)):
        if folder.is_relative_to(top) and not (cover / folder.relative_to(top)).exists():
            _show(folder, cover / folder.relative_to(top))


def _show(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    kernel.bind(source, target)


def _proc(spare: Path) -> None:
    """The instance's own /proc; of its sysctls only those of its own network can be written."""
    flags = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC
    kernel.mount("proc", "/proc", "proc", flags)
    own, shown = spare / "sysctl-net", spare / "sysctl-kubelet"
    for folder in (own, shown):
        folder.mkdir()
    kernel.bind("/proc/sys/net", own)
    kernel.bind("/proc/sys", "/proc/sys")
    kernel.mount("none", "/proc/sys", flags=kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY | flags)
    kernel.bind(own, "/proc/sys/net")
    for name, value in KUBELET_SYSCTLS.items():
        if (Path("/proc/sys") / name).is_file():
            file = shown / name.replace("/", ".")
            file.write_text(f"{value}\n", encoding="utf-8")
            kernel.bind(file, Path("/proc/sys") / name)


def _groups(plan: Mapping[str, Any]) -> None:
    """Make the instance's group the root of every hierarchy that its processes see.

    So kubelet and containerd can use the usual paths, nothing of theirs lies outside of the instance's
    group, and kubelet does not try to understand the containers of another instance.
    """
    outer = cgroups.hierarchies()
    cgroups.join(outer, plan["cgroup"])
    kernel.unshare(kernel.CLONE_NEWCGROUP)
    for hierarchy in outer:
        kernel.unmount(hierarchy.root)
        kind = "cgroup" if hierarchy.version == 1 else "cgroup2"
        kernel.mount(kind, hierarchy.root, kind, data=hierarchy.options)
    inner = cgroups.hierarchies()
    cgroups.join(inner, SUPERVISOR_GROUP)
    cgroups.delegate(inner)
    for entry in (*plan["components"], {"name": "forward"}):
        cgroups.create(inner, f"system/{entry['name']}")


def _link(network: Mapping[str, str], *, host_network: int) -> None:
    """A veth pair from the host's namespace to process 1's, which is this one."""
    link, prefix = network["link"], network["prefix"]
    outside = ["nsenter", f"--net=/proc/self/fd/{host_network}", "--"]
    _run([*outside, "ip", "link", "delete", link], descriptor=host_network, check=False)
    _run(
        [*outside, "ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", "1"],
        descriptor=host_network,
    )
    _run([*outside, "ip", "address", "add", f"{network['host_ip']}/{prefix}", "dev", link], descriptor=host_network)
    _run([*outside, "ip", "link", "set", link, "up"], descriptor=host_network)
    for words in (
        ["ip", "link", "set", "lo", "up"],
        ["ip", "address", "add", f"{network['node_ip']}/{prefix}", "dev", "eth0"],
        ["ip", "link", "set", "eth0", "up"],
        ["ip", "route", "add", "default", "via", network["host_ip"]],
        # Nothing of a pod leaves the instance. Refused at once, a client tries again; dropped, it would wait, as
        # it would for a Service whose address kube-proxy has not translated yet.
        ["iptables", "-w", "-A", "FORWARD", "-o", "eth0", "-j", "REJECT"],
    ):
        _run(words)
    settings = Path("/proc/sys/net")
    (settings / "ipv4/ip_forward").write_text("1", encoding="utf-8")
    ipv6 = settings / "ipv6/conf/all/disable_ipv6"
    if ipv6.is_file():
        ipv6.write_text("1", encoding="utf-8")


def _run(command: list[str], *, descriptor: int | None = None, check: bool = True) -> None:
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=() if descriptor is None else (descriptor,),
        check=False,
    )
    if check and done.returncode != 0:
        raise OSError(f"`{' '.join(command)}` ended with {done.returncode}: {done.stdout.decode().strip()}")
