"""Secrets are files that may change while we run; a changed file is read again."""

import os
from pathlib import Path


class SecretMissing(Exception):
    """A secret file is absent, unreadable or empty; the text says which one and what to do."""


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
            raise SecretMissing(
                f"secret file {name} in {self.folder}: {reason}; expected a readable text file"
            ) from None
        if not value:
            raise SecretMissing(f"secret file {name} in {self.folder}: it is empty; expected the secret's value")
        self._seen[name] = (mark, value)
        return value

    def optional_lines(self, name: str) -> list[str]:
        """Lines of a secret that need not exist, such as retired signing keys."""
        return self.read(name).split() if (self.folder / name).exists() else []
