"""Names for content: what has the same hash is the same thing and is not built again."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

IGNORED = frozenset({"__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis"})


def content_hash(paths: Iterable[Path], *, root: Path, extra: Iterable[str] = ()) -> str:
    """Twelve hex digits over the names, executable bits and bytes of files and folders below `root`.

    `extra` are further inputs such as flags or the hash of a base. The order of `paths` does not matter.
    """
    digest = hashlib.sha256()
    for text in extra:
        digest.update(text.encode() + b"\0")
    for file in sorted({file for path in paths for file in files(path)}):
        mode = b"x" if file.stat().st_mode & 0o100 else b"-"
        digest.update(str(file.relative_to(root)).encode() + b"\0" + mode + b"\0")
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:12]


def files(path: Path) -> Iterable[Path]:
    """A file itself, or the files of a folder without tool caches; raises FileNotFoundError."""
    if path.is_file():
        yield path
        return
    if not path.is_dir():
        raise FileNotFoundError(path)
    for file in path.rglob("*"):
        if file.is_file() and not IGNORED.intersection(file.parts):
            yield file
