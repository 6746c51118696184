"""Real builds: damage, an interruption by kill -9, and the same bytes twice."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from infra.images import api, archives, debian
from infra.images.sandbox import ENCLOSURE
from infra.lib.errors import SlipwayError
from infra.lib.paths import REPOSITORY
from infra.lib.report import silent

pytestmark = pytest.mark.e2e

OF_BUILDAH = Path("/etc/cni")  # where it locks a file unless it is told another place
PROGRAM = (
    "import sys; from pathlib import Path; from infra.images.api import ensure; from infra.lib.report import silent;"
    "ensure(['secrets-init'], report=silent, log_dir=Path(sys.argv[1]))"
)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own that holds only what `secrets-init` is built on, so that a build is short."""
    bases = api.ensure(["base", "python"], report=silent, log_dir=tmp_path / "logs").values()
    folder = tmp_path / "cache" / "images"
    folder.mkdir(parents=True)
    for file in (path for base in bases for path in (base, archives.checksum_of(base))):
        shutil.copyfile(file, folder / file.name)
    monkeypatch.setenv("SLIPWAY_CACHE", str(tmp_path / "cache"))
    return folder


def build(folder: Path) -> Path:
    return api.ensure(["secrets-init"], report=silent, log_dir=folder / "logs")["secrets-init"]


def test_damaged_archive_is_built_again_with_the_same_bytes(cache: Path, tmp_path: Path) -> None:
    there = OF_BUILDAH.exists()
    archive = build(tmp_path)
    whole = archive.read_bytes()
    archive.write_bytes(whole[: len(whole) // 2])
    assert build(tmp_path).read_bytes() == whole
    assert OF_BUILDAH.exists() == there


def test_twin_without_the_checksum_the_damaged_archive_is_used(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = build(tmp_path)
    archive.write_bytes(archive.read_bytes()[:1000])
    monkeypatch.setattr(archives, "whole", Path.is_file)
    assert build(tmp_path).stat().st_size == 1000


def test_broken_download_is_told_and_nothing_of_it_is_kept(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kept in cache.glob("python-*"):
        kept.unlink()
    dead = f"deb [signed-by={debian.KEYRING}] http://127.0.0.1:9/debian bookworm main"
    monkeypatch.setattr(debian, "_sources", lambda _suite: [dead])
    with pytest.raises(SlipwayError) as told:
        build(tmp_path)
    assert "127.0.0.1:9" in "\n".join(told.value.details)
    assert "run of the same command" in told.value.hint
    assert list((cache / ".work").iterdir()) == []
    assert [file.name.partition("-")[0] for file in cache.glob("*.tar")] == ["base"]


def test_kill_9_leaves_no_process_and_no_mount_and_the_next_run_converges(cache: Path, tmp_path: Path) -> None:
    for pause in (0.3, 1.5, 3.0):
        child = subprocess.Popen([sys.executable, "-c", PROGRAM, str(tmp_path / "logs")], cwd=REPOSITORY)
        appears(cache / ".work" / "secrets-init" / "recipe")
        time.sleep(pause)
        child.send_signal(signal.SIGKILL)
        child.wait(timeout=10)
        time.sleep(0.5)
        assert holding(cache) == []
        assert str(cache) not in Path("/proc/self/mountinfo").read_text(encoding="utf-8")
        assert list(cache.glob("secrets-init-*.tar")) == []
    assert archives.whole(build(tmp_path))
    assert list((cache / ".work").iterdir()) == []
    assert list(cache.glob("secrets-init-*.tar")) == [build(tmp_path)]


def test_twin_without_the_enclosure_the_builder_outlives_its_parent(tmp_path: Path) -> None:
    program = "import subprocess, sys; subprocess.run([*sys.argv[1:], 'sleep', '30'])"
    left = {}
    for name, enclosure in (("with", ENCLOSURE), ("without", ())):
        child = subprocess.Popen([sys.executable, "-c", program, *enclosure], cwd=tmp_path)
        whole = 3 if enclosure else 2  # the parent, the enclosure, the sleep
        deadline = time.monotonic() + 20
        while len(holding(tmp_path)) < whole and time.monotonic() < deadline:
            time.sleep(0.1)
        child.kill()
        child.wait(timeout=5)
        time.sleep(0.5)
        left[name] = holding(tmp_path)
        for pid in left[name]:
            os.kill(pid, signal.SIGKILL)
    assert left["with"] == []
    assert len(left["without"]) == 1


def appears(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.02)


def holding(folder: Path) -> list[int]:
    """Processes that work in `folder` or name it among their arguments, this one excepted."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            inside = (entry / "cwd").readlink().is_relative_to(folder)
            named = str(folder) in (entry / "cmdline").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        if inside or named:
            found.append(int(entry.name))
    return found
