"""Finished images in the cache: one tar for each, its checksum beside it, both appearing at once or not at all."""

import hashlib
import json
import os
import tarfile
from pathlib import Path

from infra.lib.paths import cache_dir

# Today's and the one before: a rollout and its way back need both.
KEPT_VERSIONS = 2


def folder() -> Path:
    """Where archives are; safe to delete at any time."""
    return cache_dir() / "images"


def path_of(name: str, image_hash: str) -> Path:
    """Where the archive of this version is or will be."""
    return folder() / f"{name}-{image_hash}.tar"


def whole(archive: Path) -> bool:
    """Whether the archive is there and its bytes match the checksum recorded when it was made."""
    recorded = checksum_of(archive)
    return archive.is_file() and recorded.is_file() and recorded.read_text(encoding="ascii") == sha256(archive)


def checksum_of(archive: Path) -> Path:
    """The file that holds the archive's SHA-256 in hexadecimal."""
    return archive.with_suffix(".sha256")


def pack(layout: Path, *, reference: str, epoch: int, target: Path) -> None:
    """Make an OCI image layout one file that `ctr images import` takes under `reference`.

    The same layout gives the same bytes. The archive gets its name last, after its checksum, so
    that a half-written one can never be taken for whole.
    """
    index = layout / "index.json"
    content = json.loads(index.read_text(encoding="utf-8"))
    for manifest in content["manifests"]:
        # containerd names an image of an OCI layout by this annotation only.
        manifest["annotations"] = {
            "io.containerd.image.name": reference,
            "org.opencontainers.image.ref.name": reference,
        }
    index.write_text(json.dumps(content, sort_keys=True), encoding="utf-8")
    partial = layout.with_suffix(".tar")
    with tarfile.open(partial, "w", format=tarfile.USTAR_FORMAT) as archive:
        for file in sorted(path for path in layout.rglob("*") if path.is_file()):
            entry = archive.gettarinfo(file, arcname=str(file.relative_to(layout)))
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = ""
            entry.mtime, entry.mode = epoch, 0o644
            with file.open("rb") as stream:
                archive.addfile(entry, stream)
    target.parent.mkdir(parents=True, exist_ok=True)
    checksum = layout.with_suffix(".sha256")
    checksum.write_text(sha256(partial), encoding="ascii")
    checksum.replace(checksum_of(target))
    with partial.open("rb") as written:
        os.fsync(written.fileno())
    partial.replace(target)


def prune(name: str, *, keep: Path) -> None:
    """Remove older versions of an image except the latest before `keep`."""
    versions = [path for path in folder().glob(f"{name}-*.tar") if path.stem.rpartition("-")[0] == name]
    versions.sort(key=lambda path: (path == keep, path.stat().st_mtime), reverse=True)
    for old in versions[KEPT_VERSIONS:]:
        old.unlink(missing_ok=True)
        checksum_of(old).unlink(missing_ok=True)


def sha256(file: Path) -> str:
    """SHA-256 of a file in hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
