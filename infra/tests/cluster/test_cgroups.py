"""Control groups: what is mounted, what is missing, how memory is read."""

from pathlib import Path

import pytest

from infra.cluster.embedded import cgroups

V1 = """\
22 27 0:21 / /proc rw,relatime - proc proc rw
31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct
34 31 0:31 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd
41 31 0:38 / {unified} rw,relatime - cgroup2 cgroup2 rw
"""


def unified(folder: Path, controllers: str) -> str:
    (folder / "cgroup.controllers").write_text(controllers)
    return f"41 31 0:38 / {folder} rw,relatime - cgroup2 cgroup2 rw\n"


def test_version_1_beside_an_empty_version_2_is_version_1(tmp_path: Path) -> None:
    every = cgroups.hierarchies(V1.format(unified=tmp_path))

    assert {hierarchy.version for hierarchy in cgroups.in_use(every)} == {1}
    assert cgroups.missing_controllers(every) == set()
    assert cgroups.memory_root(every) == Path("/sys/fs/cgroup/memory")
    assert len(every) == 6


def test_named_hierarchy_is_mounted_without_controller(tmp_path: Path) -> None:
    every = cgroups.hierarchies(V1.format(unified=tmp_path))

    assert {h.options for h in every} == {"cpu,cpuacct", "cpuset", "memory", "pids", "none,name=systemd", ""}


def test_version_2_is_used_where_version_1_has_no_memory(tmp_path: Path) -> None:
    every = cgroups.hierarchies(unified(tmp_path, "cpuset cpu io memory pids\n"))

    assert [hierarchy.version for hierarchy in cgroups.in_use(every)] == [2]
    assert cgroups.missing_controllers(every) == set()


def test_missing_controller_is_named(tmp_path: Path) -> None:
    every = cgroups.hierarchies(unified(tmp_path, "cpuset cpu memory\n"))

    assert cgroups.missing_controllers(every) == {"pids"}


def test_machine_without_cgroups_misses_everything() -> None:
    assert cgroups.missing_controllers(cgroups.hierarchies("22 27 0:21 / /proc rw - proc proc rw\n")) == cgroups.NEEDED


@pytest.mark.parametrize(
    ("files", "bytes_used"),
    [
        ({"memory.stat": "anon 1000\nfile 5\nkernel 24\n"}, 1024),
        ({"memory.stat": "rss 1\ntotal_rss 2000\n", "memory.kmem.usage_in_bytes": "48\n"}, 2048),
        ({}, 0),
    ],
)
def test_memory_is_anonymous_plus_kernel(tmp_path: Path, files: dict[str, str], bytes_used: int) -> None:
    for name, content in files.items():
        (tmp_path / name).write_text(content)

    assert cgroups.memory(tmp_path) == bytes_used


def test_version_2_group_passes_its_controllers_on(tmp_path: Path) -> None:
    hierarchy = cgroups.Hierarchy(tmp_path, 2, frozenset({"memory"}))
    cgroups.create([hierarchy], "a/b")

    assert (tmp_path / "a/b").is_dir()
    assert (tmp_path / "cgroup.subtree_control").read_text() == "+memory"
    assert (tmp_path / "a/cgroup.subtree_control").read_text() == "+memory"
    assert not (tmp_path / "a/b/cgroup.subtree_control").exists()
