"""Who builds, who waits and what a damaged archive leads to; the building itself is replaced."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.images import api, archives, build, contexts, references
from infra.images.catalog import load
from infra.images.job import Build
from infra.lib.errors import Exit, SlipwayError
from infra.lib.report import silent


class Baker:
    """Stands in for buildah: writes a small archive and remembers what was built."""

    def __init__(self) -> None:
        self.built: list[str] = []
        self.fail = False

    def __call__(self, job: Build, *, base: Path | None, archive: Path) -> None:
        assert base is None or archives.whole(base)
        self.built.append(job.name)
        time.sleep(0.2)
        layout = job.work / "layout"
        layout.mkdir()
        (layout / "index.json").write_text(json.dumps({"manifests": [{}]}), encoding="utf-8")
        if self.fail:
            raise SlipwayError("the download broke")
        archives.pack(layout, reference=job.reference, epoch=1, target=archive)


@pytest.fixture
def baker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Baker]:
    monkeypatch.setenv("SLIPWAY_CACHE", str(tmp_path))
    one = Baker()
    monkeypatch.setattr(build, "_bake", one)
    yield one
    assert not list((archives.folder() / ".work").glob("*"))


def ensure(tmp_path: Path, *names: str) -> dict[str, Path]:
    return api.ensure(names, report=silent, log_dir=tmp_path / "logs")


def test_bases_come_first_and_a_second_call_builds_nothing(tmp_path: Path, baker: Baker) -> None:
    found = ensure(tmp_path, "secrets-init", "redis")
    assert baker.built == ["base", "python", "secrets-init", "redis"]
    assert all(archives.whole(archive) for archive in found.values())
    ensure(tmp_path, "secrets-init", "redis")
    assert len(baker.built) == 4


def damage(archive: Path) -> None:
    archive.write_bytes(archive.read_bytes()[:-1] + b"x")


def test_damaged_archive_is_built_again(tmp_path: Path, baker: Baker) -> None:
    archive = ensure(tmp_path, "pause")["pause"]
    damage(archive)
    assert ensure(tmp_path, "pause")["pause"] == archive
    assert baker.built == ["pause", "pause"]
    assert archives.whole(archive)


def test_twin_without_checksums_the_damaged_archive_is_used(
    tmp_path: Path, baker: Baker, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = ensure(tmp_path, "pause")["pause"]
    damage(archive)
    with monkeypatch.context() as seeded:
        seeded.setattr(archives, "whole", Path.is_file)
        ensure(tmp_path, "pause")
    assert baker.built == ["pause"]
    assert not archives.whole(archive)


def test_failed_build_leaves_nothing_and_the_next_run_continues(tmp_path: Path, baker: Baker) -> None:
    baker.fail = True
    with pytest.raises(SlipwayError, match="the download broke"):
        ensure(tmp_path, "pause")
    assert not list(archives.folder().glob("*.tar"))
    baker.fail = False
    assert archives.whole(ensure(tmp_path, "pause")["pause"])


def test_two_at_once_build_it_once(tmp_path: Path, baker: Baker) -> None:
    threads = [threading.Thread(target=ensure, args=(tmp_path, "pause")) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert baker.built == ["pause"]


def test_leftovers_of_a_killed_build_are_cleared(tmp_path: Path, baker: Baker) -> None:
    left = archives.folder() / ".work" / "pause" / "storage" / "root"
    left.mkdir(parents=True)
    (left / "half").write_bytes(b"x")
    ensure(tmp_path, "pause")
    assert not left.exists()


def test_sources_that_change_while_they_are_copied_are_not_filed_under_the_old_hash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIPWAY_CACHE", str(tmp_path))
    stage = contexts.stage

    def edited_meanwhile(job: Build) -> contexts.Staged:
        staged = stage(job)
        monkeypatch.setattr(references, "FORMAT", "edited")
        return staged

    monkeypatch.setattr(contexts, "stage", edited_meanwhile)
    with pytest.raises(SlipwayError, match="the sources of image redis changed"):
        build._bake(_job_of_redis(tmp_path), base=None, archive=tmp_path / "x.tar")
    assert not (tmp_path / "x.tar").exists()


def _job_of_redis(tmp_path: Path) -> Build:
    listed = load()
    name = references.reference("redis", listed)
    return Build("redis", listed.images["redis"], listed, name, tmp_path / "work", tmp_path / "log", silent)


def test_unknown_image_is_refused_with_the_known_ones(tmp_path: Path, baker: Baker) -> None:
    with pytest.raises(SlipwayError, match="no image nginx; available: pause, coredns") as refused:
        ensure(tmp_path, "pause", "nginx")
    assert refused.value.code is Exit.BAD_INPUT
    assert baker.built == []


def test_upstream_is_refused_while_digests_are_unknown() -> None:
    with pytest.raises(SlipwayError, match="images=upstream wants every published image by digest") as refused:
        api.refs("upstream")
    assert refused.value.code is Exit.BAD_INPUT
    lacking = [name for name, image in load().images.items() if image.upstream and not image.upstream.digest]
    assert [line.partition(":")[0] for line in refused.value.details] == lacking
