"""`down` leaves nothing, whatever there was."""

import re
import subprocess
import time
from pathlib import Path

from infra.lib.paths import RUN_ROOT, STATE_ROOT, cache_dir
from infra.verify import leftovers
from infra.verify.bed import Bed, kill_group
from infra.verify.faults.fault import BrokenError, Fault, Site, hold
from infra.verify.ports import free_port

HALF_MADE = 30.0
SETTLE = 10.0
NODE_PROGRAMS = frozenset(
    {
        "etcd",
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
        "kubelet",
        "kube-proxy",
        "coredns",
        "forward",
    }
    | {"containerd", "containerd-shim", "containerd-shim-runc-v2", "runc", "pause"}
)  # not postgres and redis-server: other tests start their own; those of an instance are in its cgroup
# In HOME and the folders for temporary files, by the names that the programs of an instance give.
MARKS_OF_OURS = (
    "slipway",
    "kube",
    "helm",
    "buildah",
    "mmdebstrap",
    "containerd",
    "runc",
    "etcd",
    "go-build",
    "storage-run",
)


def down_half(site: Site) -> None:
    """`up` is killed early, then `down`."""
    bed = Bed(name="half", port=free_port(), env=site.bed.env)
    bed.call("down", "--yes", deadline=120)
    before = leftovers.take()
    half = bed.start("up", "--yes", "--json")
    try:
        half.communicate(timeout=site.random.uniform(0.5, HALF_MADE))
        raise BrokenError(f"`up` ended before it could be killed, so nothing was half made: exit {half.returncode}")
    except subprocess.TimeoutExpired:
        kill_group(half)
        half.communicate()
    _down_and_compare(bed, before, site.defect)


def down_leaves_nothing(site: Site) -> None:
    """A whole life: `up`, a todo, `down`."""
    bed = Bed(name="gone", port=free_port(), env=site.bed.env)
    bed.call("down", "--yes", deadline=120)
    before = leftovers.take()
    bed.up()
    bed.api().add("soon gone")
    _down_and_compare(bed, before, site.defect)


def _down_and_compare(bed: Bed, before: leftovers.Snapshot, defect: str) -> None:
    try:
        done = bed.call("down", "--yes", via=defect, deadline=180)
        hold(done.code == 0, f"down failed: {done.text}")
        left = remaining(before, bed.name)
        hold(not left, f"{len(left)} left, first: {[f'{each.kind}: {each.what}' for each in left[:5]]}")
    finally:
        if defect:
            bed.down()


def remaining(before: leftovers.Snapshot, instance: str) -> tuple[leftovers.Leftover, ...]:
    """What is left of the instance. The kernel frees namespaces a moment after their last process, so look twice.

    Other programs of the machine come and go as well: a process, file or namespace is held against `down` only
    when it stays, through every look.
    """
    end = time.monotonic() + SETTLE
    left = _left(before, instance)
    while left and time.monotonic() < end:
        time.sleep(1)
        now = frozenset(_left(before, instance))
        left = tuple(each for each in left if each in now)
    return left


def _left(before: leftovers.Snapshot, instance: str) -> tuple[leftovers.Leftover, ...]:
    return tuple(each for each in leftovers.left(before, leftovers.take()) if _ours(each, instance))


def _ours(each: leftovers.Leftover, instance: str) -> bool:
    """Whether it may be the instance's; what nothing shows to be another's is held against `down`."""
    match each.kind:
        case "processes":
            pid, _, command = each.what.partition(" ")
            owner = instance_of(int(pid))
            named = (
                is_keeper(command, instance)
                or f"/{instance}/" in command
                or Path(command.split(" ")[0]).name in NODE_PROGRAMS
            )
            return owner == instance or (not owner and named)
        case "namespaces":
            owners = {instance_of(pid) for pid in leftovers.processes_in(each.what)}
            return bool(owners) and owners <= {instance, ""}
    # As a word: the hexadecimal names of other instances' containers have our name in them now and then.
    word = rf"(?<![a-z0-9]){instance}(?![a-z0-9])"
    named = bool(re.search(word, each.what)) or not any(text in each.what for text in ("sw-", "slipway-", "/slipway/"))
    return named and not _somebody_elses(each)


def _somebody_elses(each: leftovers.Leftover) -> bool:
    """Of what a machine shares: mounts elsewhere, foreign cgroups, files that nothing of ours writes."""
    path = Path(each.what)
    match each.kind:
        case "mounts":
            return not any(path.is_relative_to(folder) for folder in _mounted_in())
        case "cgroups":
            return not any(part in each.what for part in ("slipway", "kubepods", "containerd"))
        case "files" if path in (STATE_ROOT, RUN_ROOT):
            return any(path.iterdir())  # another instance came meanwhile; what is left of this one is named by itself
        case "files":
            return path.parent in leftovers.SHARED and not _like_ours(path.name)
    return False


def _like_ours(name: str) -> bool:
    """Whether an entry of a folder that everybody writes to could come from what we start."""
    return any(part in name.lower() for part in MARKS_OF_OURS)


def is_keeper(command: str, instance: str) -> bool:
    """Whether it keeps a port-forward to the instance, reached by its context."""
    return "infra.cluster.keeper" in command and f"-slipway-{instance}/" in command


def instance_of(pid: int) -> str:
    """The instance in whose cgroup a process is, empty for none."""
    try:
        text = Path(f"/proc/{pid}/cgroup").read_text(encoding="utf-8")
    except OSError:
        return ""
    found = re.search(r":/slipway-([a-z][a-z0-9-]*)", text)
    return found[1] if found else ""


def _mounted_in() -> tuple[Path, ...]:
    """Where anything of ours is ever mounted; other programs of the machine mount elsewhere."""
    return (*leftovers.WATCHED, cache_dir(), leftovers.CGROUP_ROOT)


DOWN_HALF = Fault(
    id="down-half",
    title="`down` on a half-made cluster",
    promise="no process, mount, namespace, link, rule, cgroup or file is left",
    tier="own",
    defect="delete-nothing",
    probe=down_half,
)
DOWN_LEAVES_NOTHING = Fault(
    id="down-leaves-nothing",
    title="`down` after a whole life",
    promise="no process, mount, namespace, link, rule, cgroup or file is left",
    tier="own",
    defect="delete-nothing",
    probe=down_leaves_nothing,
)
