"""What runs, read from the supervisor's status file and the cgroups."""

from pathlib import Path

from infra.cluster.api import ClusterInfo, Component
from infra.cluster.embedded import addresses, cgroups, forwards, process
from infra.cluster.embedded.layout import Layout


def info(layout: Layout) -> ClusterInfo:
    """Facts of the instance, running or not."""
    network = addresses.chosen(layout.network)
    pid = process.alive(layout)
    root = cgroups.memory_root(cgroups.hierarchies())
    group = root / layout.cgroup if root and (root / layout.cgroup).is_dir() else None
    return ClusterInfo(
        kind="embedded",
        running=pid != 0,
        server=f"https://{network.node_ip}:6443" if network else "",
        node_ip=network.node_ip if network else "",
        node_range=network.node_range if network else "",
        pod_range=network.pod_range if network else "",
        service_range=network.service_range if network else "",
        supervisor_pid=pid,
        components=components(process.status(layout), group=group) if pid else (),
        memory_cgroups=(group,) if group else (),
        exposed=forwards.read(layout),
        logs=layout.instance.logs,
    )


def components(told: dict[str, object], *, group: Path | None) -> tuple[Component, ...]:
    """The entries of a status file, with process ids of the host and memory from each entry's cgroup."""
    entries = told.get("components")
    if not isinstance(entries, list):
        return ()
    return tuple(_component(entry, group) for entry in entries)


def _component(entry: dict[str, object], group: Path | None) -> Component:
    folder = group / str(entry["cgroup"]) if group else None
    return Component(
        name=str(entry["name"]),
        state=str(entry["state"]),
        pid=_host_pid(folder, inside=int(str(entry["pid"]))) if folder else 0,
        restarts=int(str(entry["restarts"])),
        since=float(str(entry["since"])),
        message=str(entry.get("message", "")),
        memory=cgroups.memory(folder) if folder else 0,
    )


def _host_pid(folder: Path, *, inside: int) -> int:
    """The host's id of the process that is number `inside` of the instance."""
    try:
        candidates = (folder / "cgroup.procs").read_text(encoding="utf-8").split()
    except OSError:
        return 0
    for candidate in candidates:
        try:
            status = Path(f"/proc/{candidate}/status").read_text(encoding="utf-8")
        except OSError:
            continue
        numbers = next((line.split()[1:] for line in status.splitlines() if line.startswith("NSpid:")), [])
        if len(numbers) > 1 and int(numbers[1]) == inside:
            return int(candidate)
    return 0
