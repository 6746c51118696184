"""What `doctor` asks about the machine and about an embedded instance. Nothing here changes anything."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from infra.cluster import ports
from infra.cluster.embedded import cgroups, machine, process
from infra.cluster.embedded.layout import CNI_PROGRAMS, Layout
from infra.lib.findings import Finding
from infra.lib.paths import STATE_ROOT, Instance, cache_dir

# Program → the Debian package that has it.
PROGRAMS = {
    "containerd": "containerd",
    "ctr": "containerd",
    "runc": "runc",
    "iptables": "iptables",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "unshare": "util-linux",
}
CNI_PLUGINS = ("ptp", "portmap", "host-local", "loopback")
NEEDED_CAPABILITIES = ("CAP_SYS_ADMIN", "CAP_NET_ADMIN", "CAP_SYS_CHROOT", "CAP_MKNOD")
GIB = 1024**3
# Figure of the issue: 3 GB kept.
STATE_FREE = 3 * GIB


@dataclass(frozen=True, kw_only=True)
class Needs:
    """Bytes: memory of what runs, memory that builds take beside it, free disk of the cache; and what for."""

    runs: int
    builds: int
    cache: int
    purpose: str


def findings(instance: Instance, *, port: int, needs: Needs) -> list[Finding]:
    """Every check, the machine's first."""
    layout = Layout(instance)
    return [
        permission(uid=os.geteuid(), have=machine.detect().capabilities),
        *programs(),
        groups(),
        disk(cache_dir(), needed=needs.cache, what="cache"),
        disk(STATE_ROOT, needed=STATE_FREE, what="state"),
        memory(needs, available=psutil.virtual_memory().available, running=process.alive(layout) != 0),
        host_port(layout, port),
        *leftovers(layout),
        *components(layout),
    ]


def permission(*, uid: int, have: frozenset[str]) -> Finding:
    """Namespaces, mounts and cgroups are root's."""
    missing = [name for name in NEEDED_CAPABILITIES if name not in have]
    if uid != 0 or missing:
        who = "root" if uid == 0 else f"user {uid}"
        lacks = ", ".join(missing) or "nothing but uid 0"
        return Finding("fail", "permission", f"{who} lacks {lacks}", "sudo -E make up")
    return Finding("ok", "permission", "root, with every capability the node needs")


def programs() -> Iterator[Finding]:
    """Programs of the Debian packages."""
    missing = {package for program, package in PROGRAMS.items() if not shutil.which(program)}
    if any(not (CNI_PROGRAMS / name).is_file() for name in CNI_PLUGINS):
        missing.add("containernetworking-plugins")
    if missing:
        names = " ".join(sorted(missing))
        yield Finding("fail", "programs", f"packages are missing: {names}", f"apt-get install {names}")
    else:
        yield Finding("ok", "programs", "containerd, runc, CNI plug-ins, iptables, iproute2")


def groups() -> Finding:
    """A cgroup hierarchy that can be written, with the controllers kubelet needs."""
    every = cgroups.hierarchies()
    used = cgroups.in_use(every)
    if not used:
        return Finding(
            "fail", "cgroups", "no cgroup hierarchy with a memory controller is mounted", "findmnt -t cgroup2"
        )
    if missing := cgroups.missing_controllers(every):
        text = f"version {used[0].version} lacks the controllers {', '.join(sorted(missing))}"
        return Finding("fail", "cgroups", text, "cat /proc/cgroups")
    if read_only := [str(h.root) for h in used if not os.access(h.root, os.W_OK)]:
        return Finding("fail", "cgroups", f"{', '.join(read_only)} cannot be written", "findmnt -t cgroup,cgroup2")
    return Finding("ok", "cgroups", f"version {used[0].version}, every needed controller")


def disk(folder: Path, *, needed: int, what: str) -> Finding:
    """Free space where `folder` is or will be, in bytes."""
    place = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(place).free
    text = f"{what} ({folder}): {free / GIB:.1f} GiB free of {needed / GIB:.0f} GiB needed"
    if free < needed / 4:
        return Finding("fail", "disk", text, f"df -h {place}")
    return Finding("warn" if free < needed else "ok", "disk", text, f"df -h {place}" if free < needed else "")


def memory(needs: Needs, *, available: int, running: bool) -> Finding:
    """Available memory in bytes; an instance that runs has its share already."""
    wanted = needs.builds + (0 if running else needs.runs)
    text = f"{available / GIB:.1f} GiB available"
    if available < wanted:
        return Finding("warn", "memory", f"{text}, {needs.purpose} wants {wanted / GIB:.0f}", "free -h")
    return Finding("ok", "memory", text)


def host_port(layout: Layout, port: int) -> Finding:
    """The port of the service, free or ours."""
    entries = process.status(layout).get("components", []) if process.alive(layout) else []
    if any(entry["name"] == f"forward-{port}" and entry["state"] == "running" for entry in entries):
        return Finding("ok", "port", f"{port} is served by this instance")
    if ports.free(port):
        return Finding("ok", "port", f"{port} is free")
    refusal = ports.taken(port)
    return Finding("fail", "port", refusal.message, refusal.hint)


def leftovers(layout: Layout) -> Iterator[Finding]:
    """Processes, groups, links and mounts of an instance without a supervisor."""
    name = layout.instance.name
    remedy = f"SLIPWAY_INSTANCE={name} make up   # puts it right; make down removes it"
    if process.alive(layout):
        yield Finding("ok", "leftovers", f"instance {name} runs")
        return
    every = cgroups.hierarchies()
    found = []
    if pids := sorted(cgroups.processes(every, layout.cgroup)):
        found.append(f"processes {', '.join(map(str, pids[:8]))}")
    found += [f"cgroup {h.root / layout.cgroup}" for h in every if (h.root / layout.cgroup).exists()][:1]
    if (Path("/sys/class/net") / layout.link).exists():
        found.append(f"link {layout.link}")
    mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    found += [f"mount {line.split()[4]}" for line in mounts if line.split()[4].startswith(f"{layout.instance.state}/")]
    if found:
        yield Finding("warn", "leftovers", f"instance {name} does not run and left {'; '.join(found)}", remedy)
    else:
        yield Finding("ok", "leftovers", f"none of instance {name}")


def components(layout: Layout) -> Iterator[Finding]:
    """Components of a running instance that are down or were restarted."""
    if not process.alive(layout):
        return
    for entry in process.status(layout).get("components", []):
        remedy = f"less {entry['log']}"
        if entry["state"] != "running":
            yield Finding("fail", entry["name"], f"{entry['state']}: {entry['message']}", remedy)
        elif entry["restarts"]:
            yield Finding("warn", entry["name"], f"runs after {entry['restarts']} restarts", remedy)
        else:
            yield Finding("ok", entry["name"], "runs")
