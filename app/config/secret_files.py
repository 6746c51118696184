"""Secrets are files that may change while we run; a changed file is read again."""

import os
from pathlib import Path


class SecretMissing(Exception):
    """A secret file is absent, unreadable or empty; the text says which one and what to do."""

    absent = False


class SecretFiles:
    """The folder of secret files. Reading costs one `stat` while the file stays the same."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._prefix = folder, f"{folder}/"
        self._seen: dict[str, tuple[tuple[int, int, int], str]] = {}

    def read(self, name: str) -> str:
        """The secret's current content without surrounding white space."""
        try:
            stat = os.stat(f"{self._prefix}{name}")  # noqa: PTH116 - asked by every request; a Path costs ten times as much
            # Kubernetes swaps a symlink, an editor writes in place: one of the three changes either way
            mark = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
            seen = self._seen.get(name)
            if seen and seen[0] == mark:
                return seen[1]
            value = (self.folder / name).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            missing = SecretMissing(f"secret file {name} in {self.folder}: {reason}; expected a readable text file")
            missing.absent = isinstance(error, FileNotFoundError)
            raise missing from None
        if not value:
            raise SecretMissing(f"secret file {name} in {self.folder}: it is empty; expected the secret's value")
        self._seen[name] = (mark, value)
        return value

    def optional(self, name: str) -> str | None:
        """A secret that need not exist; None when there is no such file. Raises SecretMissing."""
        try:
            return self.read(name)
        except SecretMissing as error:
            if error.absent:
                return None
            raise

    def optional_lines(self, name: str) -> list[str]:
        """Lines of a secret that need not exist, such as retired signing keys."""
        return (self.optional(name) or "").split() if self._holds(name) else []

    def _holds(self, name: str) -> bool:
        """Whether there is anything in it; an agent writes an empty file for a key that nobody has set."""
        file = self.folder / name
        return file.exists() and file.stat().st_size > 0
