"""What an instance may leave on a machine: one picture before, one after, and their difference.

`python -m infra.verify.leftovers save FILE` and `… diff FILE` do the same by hand; `diff` ends with 1 when
something is left.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import psutil

from infra.lib.paths import RUN_ROOT, STATE_ROOT

CGROUP_ROOT = Path("/sys/fs/cgroup")
# Everything a container runtime, a kubelet or Slipway itself writes to outside its cache.
WATCHED = (
    STATE_ROOT,
    RUN_ROOT,
    Path("/run/netns"),
    Path("/run/containerd"),
    Path("/var/lib/containerd"),
    Path("/var/lib/kubelet"),
    Path("/var/lib/cni"),
    Path("/var/lib/etcd"),
    Path("/var/log/pods"),
    Path("/var/log/containers"),
    Path("/etc/cni"),
    Path("/etc/kubernetes"),
    Path("/opt/cni"),
    Path("/etc/netns"),
)
# Folders that other programs write to as well: only what stands directly in them is looked at.
SHARED = (Path.home(), Path("/tmp"), Path("/var/tmp"), Path("/run"), Path("/dev/shm"))  # noqa: S108 - looked at, not written


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The names of everything of a kind that exists now; each entry reads by itself in a report."""

    processes: frozenset[str]
    mounts: frozenset[str]
    namespaces: frozenset[str]
    links: frozenset[str]
    routes: frozenset[str]
    rules: frozenset[str]
    cgroups: frozenset[str]
    files: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Leftover:
    """One thing that is there after and was not before."""

    kind: str
    what: str


def take(*, folders: Iterable[Path] = WATCHED, mine: int | None = None) -> Snapshot:
    """A picture of the machine. The descendants of process `mine` (this one) are not part of it."""
    return Snapshot(
        processes=frozenset(_processes(mine or os.getpid())),
        mounts=frozenset(line.split()[4] for line in _lines(Path("/proc/self/mountinfo"))),
        namespaces=frozenset(_network_namespaces()),
        links=frozenset(_output("ip", "-o", "link", "show", parse=lambda line: line.split(": ")[1].partition("@")[0])),
        routes=frozenset(_output("ip", "-o", "route", "show", "table", "all")),
        rules=frozenset(_rules()),
        cgroups=frozenset(str(folder) for folder in _folders(CGROUP_ROOT)),
        files=frozenset(
            str(path)
            for path in (
                *(path for folder in folders for path in _entries(folder)),
                *(path for folder in SHARED if folder.is_dir() for path in folder.iterdir()),
            )
        ),
    )


def left(before: Snapshot, after: Snapshot, *, ignore: Iterable[str] = ()) -> tuple[Leftover, ...]:
    """What is in `after` and not in `before`; `ignore` are substrings of what another instance owns."""
    skip = tuple(ignore)
    return tuple(
        Leftover(kind=field.name, what=what)
        for field in fields(Snapshot)
        for what in sorted(getattr(after, field.name) - getattr(before, field.name))
        if not any(text in what for text in skip)
    )


def _processes(mine: int) -> Iterator[str]:
    """Processes outside the family of `mine`, by pid and command; kernel threads are not ours to leave."""
    family = {mine} | {child.pid for child in psutil.Process(mine).children(recursive=True)}
    for process in psutil.process_iter(["pid", "ppid", "cmdline"]):
        if process.pid in family or process.info["ppid"] == 2 or not process.info["cmdline"]:
            continue
        yield f"{process.pid} {' '.join(process.info['cmdline'])[:240]}"


def _network_namespaces() -> Iterator[str]:
    """Network namespaces that live processes are in, by the identity the kernel gives them."""
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                yield os.readlink(process / "ns" / "net")  # noqa: PTH115 - a magic link: its text is the value
            except OSError:
                continue


def processes_in(namespace: str) -> list[int]:
    """Live processes in a network namespace, named as the kernel names it: `net:[4026531840]`."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                if os.readlink(process / "ns" / "net") == namespace:  # noqa: PTH115 - as above
                    found.append(int(process.name))
            except OSError:
                continue
    return found


def _rules() -> Iterator[str]:
    """nft's view holds what iptables-nft wrote; the legacy tables are asked for by themselves."""
    yield from _output("nft", "list", "ruleset", parse=str.strip)
    for program in ("iptables-legacy-save", "ip6tables-legacy-save"):
        yield from (line for line in _output(program) if line.startswith("-A"))


def _folders(root: Path) -> Iterator[Path]:
    for path, names, _ in os.walk(root):
        yield from (Path(path) / name for name in names)


def _entries(folder: Path) -> Iterator[Path]:
    """Files and folders below `folder`, at most three levels deep: enough to see that something is there."""
    if not folder.exists():
        return
    yield folder
    base = len(folder.parts)
    for path, names, files in os.walk(folder):
        yield from (Path(path) / name for name in [*names, *files])
        if len(Path(path).parts) - base >= 2:
            names.clear()


def _output(*command: str, parse: object = None) -> Iterator[str]:
    if shutil.which(command[0]) is None:
        return
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    for line in done.stdout.splitlines():
        if line.strip():
            yield parse(line) if callable(parse) else line.strip()


def _lines(file: Path) -> Iterator[str]:
    yield from file.read_text(encoding="utf-8").splitlines()


def dump(snapshot: Snapshot, file: Path) -> None:
    """Keep a picture for a later comparison."""
    file.write_text(json.dumps({name: sorted(names) for name, names in asdict(snapshot).items()}), encoding="utf-8")


def load(file: Path) -> Snapshot:
    """A picture kept by `dump`."""
    kept: Mapping[str, list[str]] = json.loads(file.read_text(encoding="utf-8"))
    return Snapshot(**{name: frozenset(names) for name, names in kept.items()})


def main(arguments: list[str]) -> int:
    """`save FILE` or `diff FILE`."""
    match arguments:
        case ["save", file]:
            dump(take(), Path(file))
            return 0
        case ["diff", file]:
            found = left(load(Path(file)), take())
            sys.stdout.writelines(f"{leftover.kind}: {leftover.what}\n" for leftover in found)
            return 1 if found else 0
    sys.stderr.write("want: save FILE | diff FILE\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
