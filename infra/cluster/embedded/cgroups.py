"""Control groups of an instance, version 1, 2 or both at once.

Only the standard library: the long-lived supervisor imports this.
"""

import contextlib
import os
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

MOUNTINFO = Path("/proc/self/mountinfo")
NEEDED = frozenset({"cpu", "cpuacct", "cpuset", "memory", "pids"})


@dataclass(frozen=True)
class Hierarchy:
    """One mounted cgroup hierarchy."""

    root: Path
    version: int
    controllers: frozenset[str]
    options: str = ""


def hierarchies(mountinfo: str | None = None) -> tuple[Hierarchy, ...]:
    """Every hierarchy mounted on this machine, each root once."""
    found: dict[Path, Hierarchy] = {}
    for line in (mountinfo if mountinfo is not None else MOUNTINFO.read_text(encoding="utf-8")).splitlines():
        left, _, right = line.partition(" - ")
        kind, _, options = right.partition(" ")
        root = Path(left.split()[4])
        if kind == "cgroup":
            names = options.split()[-1].split(",")
            kept = [name for name in names if name not in {"rw", "ro", "xattr", "clone_children"}]
            found[root] = Hierarchy(root, 1, frozenset(kept), _mount_options(kept))
        elif kind == "cgroup2":
            file = root / "cgroup.controllers"
            names = file.read_text(encoding="utf-8").split() if file.is_file() else []
            found[root] = Hierarchy(root, 2, frozenset(names))
    return tuple(found.values())


def in_use(every: Iterable[Hierarchy]) -> tuple[Hierarchy, ...]:
    """The hierarchies containers live in: all of version 1 where it holds `memory`, else version 2."""
    every = tuple(every)
    if any(h.version == 1 and "memory" in h.controllers for h in every):
        return tuple(h for h in every if h.version == 1)
    return tuple(h for h in every if h.version == 2)


def missing_controllers(every: Iterable[Hierarchy]) -> frozenset[str]:
    """Controllers that kubelet and runc need and this machine does not offer."""
    used = in_use(every)
    have = frozenset[str]().union(*(h.controllers for h in used)) if used else frozenset()
    if used and used[0].version == 2:
        have |= {"cpuacct"}
    return NEEDED - have


def create(used: Iterable[Hierarchy], name: str, *, controllers: bool = True) -> None:
    """Make the group `name` (a path below the root) in each hierarchy.

    With `controllers`, version 2 groups on the way pass theirs on, after which they can hold no process.
    """
    for hierarchy in used:
        place = hierarchy.root
        for part in name.split("/"):
            if hierarchy.version == 2 and controllers:
                _delegate(place, hierarchy.controllers)
            place = place / part
            place.mkdir(exist_ok=True)
            if "cpuset" in hierarchy.controllers and hierarchy.version == 1:
                _inherit_cpuset(place)


def delegate(used: Iterable[Hierarchy]) -> None:
    """Let groups below the root of each version 2 hierarchy have its controllers; no process may be in the root."""
    for hierarchy in used:
        if hierarchy.version == 2:
            _delegate(hierarchy.root, hierarchy.controllers)


def join(used: Iterable[Hierarchy], name: str) -> None:
    """Move the calling process (0 means itself, whatever namespace it is in) into `name`."""
    for hierarchy in used:
        (hierarchy.root / name / "cgroup.procs").write_text("0", encoding="utf-8")


def processes(every: Iterable[Hierarchy], name: str) -> set[int]:
    """Process ids, as the caller's namespace sees them, in `name` and below."""
    found: set[int] = set()
    for hierarchy in every:
        for folder in _folders(hierarchy.root / name):
            with contextlib.suppress(OSError):
                found.update(int(line) for line in (folder / "cgroup.procs").read_text(encoding="utf-8").split())
    return found - {0}


def remove(every: Iterable[Hierarchy], name: str, *, deadline: float) -> bool:
    """End what still runs in `name` and remove it everywhere; False when something remains after `deadline` s."""
    every = tuple(every)
    end = time.monotonic() + deadline
    while True:
        for pid in processes(every, name):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for hierarchy in every:
            for folder in _folders(hierarchy.root / name):
                with contextlib.suppress(OSError):
                    folder.rmdir()
        if not any((h.root / name).exists() for h in every):
            return True
        if time.monotonic() > end:
            return False
        time.sleep(0.05)


def memory(folder: Path) -> int:
    """Anonymous + kernel memory of the group at `folder` and below, in bytes; 0 when it cannot be read."""
    try:
        stat = dict(line.split() for line in (folder / "memory.stat").read_text(encoding="utf-8").splitlines())
        if "anon" in stat:
            return int(stat["anon"]) + int(stat.get("kernel", 0))
        kernel = (folder / "memory.kmem.usage_in_bytes").read_text(encoding="utf-8")
        return int(stat["total_rss"]) + int(kernel)
    except (OSError, ValueError, KeyError):
        return 0


def memory_root(every: Iterable[Hierarchy]) -> Path | None:
    """The root of the hierarchy that accounts for memory."""
    return next((h.root for h in in_use(every) if "memory" in h.controllers), None)


def _folders(top: Path) -> list[Path]:
    """`top` and every group below it, the deepest first."""
    if not top.is_dir():
        return []
    return [Path(folder) for folder, _, _ in os.walk(top, topdown=False)]


def _mount_options(names: list[str]) -> str:
    """What mount(2) wants for a version 1 hierarchy: one with a name has no controller."""
    return ",".join(["none", *names] if names and names[0].startswith("name=") else names)


def _delegate(place: Path, controllers: Iterable[str]) -> None:
    for controller in controllers:
        with contextlib.suppress(OSError):  # a controller that cannot be had here: `missing_controllers` reports it
            (place / "cgroup.subtree_control").write_text(f"+{controller}", encoding="utf-8")


def _inherit_cpuset(place: Path) -> None:
    """An empty version 1 cpuset accepts no process."""
    for name in ("cpuset.cpus", "cpuset.mems"):
        file = place / name
        if not file.read_text(encoding="utf-8").strip():
            file.write_text((place.parent / name).read_text(encoding="utf-8"), encoding="utf-8")
