"""What is planted is found, each kind by itself; what was there before is not."""

import itertools
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import fields, replace
from pathlib import Path

import pytest

from infra.verify import leftovers
from infra.verify.faults import removal
from infra.verify.leftovers import CGROUP_ROOT, dump, left, load, take

TAG = f"swtest{os.getpid() % 10000}"
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="not run: planting needs root")


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=30)


@contextmanager
def process(_: Path) -> Iterator[str]:
    """A process that left its family, as a daemon does."""
    run("sh", "-c", f"setsid sleep 60.{os.getpid()} >/dev/null 2>&1 &")
    found = subprocess.run(["pgrep", "-f", f"sleep 60.{os.getpid()}"], capture_output=True, text=True, check=True)
    try:
        yield f"sleep 60.{os.getpid()}"
    finally:
        os.kill(int(found.stdout.split()[0]), 9)


@contextmanager
def mount(tmp_path: Path) -> Iterator[str]:
    run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path))
    try:
        yield str(tmp_path)
    finally:
        run("umount", str(tmp_path))


def _network_namespace(process: str) -> str:
    return str(Path("/proc", process, "ns", "net").readlink())


@contextmanager
def namespace(_: Path) -> Iterator[str]:
    holder = subprocess.Popen(["unshare", "-n", "sleep", "60"])
    while (there := _network_namespace(str(holder.pid))) == _network_namespace("self"):
        time.sleep(0.01)
    try:
        yield there
    finally:
        holder.kill()
        holder.wait()


@contextmanager
def link(_: Path) -> Iterator[str]:
    run("ip", "link", "add", TAG, "type", "bridge")
    try:
        yield TAG
    finally:
        run("ip", "link", "del", TAG)


@contextmanager
def rule(_: Path) -> Iterator[str]:
    run("nft", "add", "table", "ip", TAG)
    try:
        yield TAG
    finally:
        run("nft", "delete", "table", "ip", TAG)


@contextmanager
def legacy_rule(_: Path) -> Iterator[str]:
    run("iptables-legacy", "-t", "mangle", "-N", TAG)
    run("iptables-legacy", "-t", "mangle", "-A", TAG, "-j", "RETURN")
    try:
        yield f"-A {TAG}"
    finally:
        run("iptables-legacy", "-t", "mangle", "-F", TAG)
        run("iptables-legacy", "-t", "mangle", "-X", TAG)


@contextmanager
def route(_: Path) -> Iterator[str]:
    run("ip", "route", "add", "192.0.2.77/32", "dev", "lo")
    try:
        yield "192.0.2.77"
    finally:
        run("ip", "route", "del", "192.0.2.77/32", "dev", "lo")


@contextmanager
def cgroup(_: Path) -> Iterator[str]:
    parent = CGROUP_ROOT / "memory" if (CGROUP_ROOT / "memory").is_dir() else CGROUP_ROOT
    (parent / TAG).mkdir()
    try:
        yield TAG
    finally:
        (parent / TAG).rmdir()


@contextmanager
def file(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "file").touch()
    yield "deep/er/file"


PLANTS: tuple[tuple[str, Callable[[Path], AbstractContextManager[str]]], ...] = (
    ("processes", process),
    ("mounts", mount),
    ("namespaces", namespace),
    ("links", link),
    ("routes", route),
    ("rules", rule),
    ("rules", legacy_rule),
    ("cgroups", cgroup),
    ("files", file),
)


@root_only
@pytest.mark.parametrize(("kind", "plant"), PLANTS, ids=[plant.__name__ for _, plant in PLANTS])
def test_one_of_each_kind_is_reported_when_planted_and_gone_when_removed(
    kind: str, plant: Callable[[Path], AbstractContextManager[str]], tmp_path: Path
) -> None:
    before = take(folders=[tmp_path])
    with plant(tmp_path) as name:
        found = left(before, take(folders=[tmp_path]))
        assert any(item.kind == kind and name in item.what for item in found), found
        assert not any(name in item.what for item in left(before, take(folders=[tmp_path]), ignore=[name]))
    if kind != "files":
        assert not any(name in item.what for item in left(before, take(folders=[tmp_path])))


def test_a_kept_picture_is_the_same_picture(tmp_path: Path) -> None:
    picture = take(folders=[tmp_path])
    dump(picture, tmp_path / "picture.json")
    assert load(tmp_path / "picture.json") == picture


def test_what_stands_directly_in_a_shared_folder_is_seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(leftovers, "SHARED", (tmp_path,))
    before = take(folders=[])
    (tmp_path / ".kube" / "cache").mkdir(parents=True)

    found = left(before, take(folders=[]))

    assert str(tmp_path / ".kube") in [each.what for each in found if each.kind == "files"]


@pytest.mark.parametrize(("name", "ours"), [(".kube", True), ("helm-1234", True), ("notes.txt", False)])
def test_of_a_shared_folder_only_what_could_be_ours_counts(name: str, ours: bool) -> None:
    there = leftovers.Leftover(kind="files", what=str(Path.home() / name))

    assert removal._ours(there, "gone") is ours


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("memory/slipway-gone", True),
        ("memory/slipway-gone/kubepods", True),
        ("memory/session-7", False),
        ("memory/slipway-other/kubepods/pod38/65gone15", False),
    ],
)
def test_a_cgroup_of_somebody_else_is_not_ours(name: str, ours: bool) -> None:
    there = leftovers.Leftover(kind="cgroups", what=str(CGROUP_ROOT / name))

    assert removal._ours(there, "gone") is ours


def test_only_what_stays_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    none = leftovers.Snapshot(**{each.name: frozenset() for each in fields(leftovers.Snapshot)})
    stays, moment = "/var/lib/slipway/gone/kept", itertools.count()

    def look() -> leftovers.Snapshot:
        return replace(none, mounts=frozenset({stays, f"/var/lib/slipway/gone/{next(moment)}"}))

    monkeypatch.setattr(leftovers, "take", look)
    monkeypatch.setattr(removal, "SETTLE", 1.5)

    assert [each.what for each in removal.remaining(none, "gone")] == [stays]


def test_a_root_folder_counts_unless_another_instance_is_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal, "STATE_ROOT", tmp_path)
    root = leftovers.Leftover(kind="files", what=str(tmp_path))

    assert removal._ours(root, "gone")
    (tmp_path / "other").mkdir()
    assert not removal._ours(root, "gone")


@pytest.mark.parametrize(("context", "ours"), [("context-slipway-gone", True), ("context-slipway-other", False)])
def test_who_keeps_a_port_forward_to_the_instance_is_left_of_it(context: str, ours: bool) -> None:
    """It is in no cgroup of the instance, and outlives it."""
    command = f"python -S -s -m infra.cluster.keeper /cache/contexts/{context}/port-forwards/8080.pid kubectl"
    there = leftovers.Leftover(kind="processes", what=f"{2**22 + 1} {command}")

    assert removal._ours(there, "gone") is ours
