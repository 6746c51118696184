"""Archives in the cache: deterministic, complete or absent, and damage is seen."""

import json
import os
import tarfile
from pathlib import Path

import pytest

from infra.images import archives


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SLIPWAY_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def layout(folder: Path) -> Path:
    (folder / "layout" / "blobs").mkdir(parents=True)
    (folder / "layout" / "blobs" / "a").write_bytes(b"blob")
    (folder / "layout" / "index.json").write_text(json.dumps({"manifests": [{"digest": "sha256:1"}]}))
    return folder / "layout"


def packed(folder: Path, name: str, version: str) -> Path:
    target = archives.path_of(name, version)
    archives.pack(layout(folder), reference=f"slipway.local/{name}:{version}", epoch=1, target=target)
    return target


def test_archive_names_its_image_for_containerd(tmp_path: Path) -> None:
    with tarfile.open(packed(tmp_path / "x", "app", "1")) as archive:
        member = archive.extractfile("index.json")
        assert member is not None
        annotations = json.load(member)["manifests"][0]["annotations"]
    assert annotations["io.containerd.image.name"] == "slipway.local/app:1"


def test_same_layout_gives_same_bytes_at_another_time_and_place(tmp_path: Path) -> None:
    first = packed(tmp_path / "one", "app", "1").read_bytes()
    assert packed(tmp_path / "two", "app", "1").read_bytes() == first


@pytest.mark.parametrize("damage", ["flip", "cut", "remove", "checksum"])
def test_damage_is_seen(tmp_path: Path, damage: str) -> None:
    archive = packed(tmp_path / "x", "app", "1")
    assert archives.whole(archive)
    content = bytearray(archive.read_bytes())
    if damage == "flip":
        content[600] ^= 1
        archive.write_bytes(content)
    elif damage == "cut":
        archive.write_bytes(content[:-512])
    elif damage == "remove":
        archive.unlink()
    else:
        archives.checksum_of(archive).unlink()
    assert not archives.whole(archive)


def test_prune_keeps_the_asked_one_and_the_latest_other_and_leaves_other_images(tmp_path: Path) -> None:
    made = [packed(tmp_path / version, "app", version) for version in ("1", "2", "3", "4")]
    other = packed(tmp_path / "other", "app-extra", "1")
    for age, archive in enumerate(made):
        os.utime(archive, (1000 + age, 1000 + age))
    archives.prune("app", keep=made[0])
    assert [archive.exists() for archive in made] == [True, False, False, True]
    assert not archives.checksum_of(made[1]).exists()
    assert other.exists()
