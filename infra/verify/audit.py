"""What was written to an API server, by whom: its audit log, read from a mark on."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})
# Creating one of these asks a question; nothing is stored.
QUESTIONS = frozenset({"authorization.k8s.io", "authentication.k8s.io"})


@dataclass(frozen=True, kw_only=True)
class Write:
    """One stored change."""

    user: str
    agent: str
    verb: str
    uri: str
    code: int


@dataclass(frozen=True)
class AuditLog:
    """The log file of one API server; rotated files beside it are read as well."""

    file: Path

    def mark(self) -> float:
        """A point in the log: what is written later is after it. The size of all its files, in bytes."""
        return sum(file.stat().st_size for file in self._files())

    def writes(self, *, since: float, user: str) -> list[Write]:
        """Changes by `user` after the mark that were not dry runs."""
        return [write for write in self._entries(since) if write.user == user]

    def _files(self) -> list[Path]:
        """Oldest first: rotated ones carry their time in the name, the live one has none."""
        rotated = sorted(self.file.parent.glob(f"{self.file.stem}-*{self.file.suffix}"))
        return [*rotated, *([self.file] if self.file.exists() else [])]

    def _entries(self, since: float) -> Iterator[Write]:
        passed = 0.0
        for file in self._files():
            with file.open("rb") as stream:
                stream.seek(int(min(max(0.0, since - passed), file.stat().st_size)))
                for line in stream:
                    if line.endswith(b"\n") and (write := _write(json.loads(line))) is not None:
                        yield write
            passed += file.stat().st_size


def _write(event: dict[str, object]) -> Write | None:
    """The event as a write; None for reads, questions, dry runs, refusals and requests not yet answered."""
    verb, uri = str(event.get("verb")), str(event.get("requestURI"))
    target = event.get("objectRef")
    status = event.get("responseStatus")
    user = event.get("user")
    if verb not in WRITES or event.get("stage") != "ResponseComplete" or "dryRun=" in uri:
        return None
    if not isinstance(user, dict) or not isinstance(status, dict):
        return None
    if isinstance(target, dict) and target.get("apiGroup") in QUESTIONS:
        return None
    code = int(status.get("code", 0))
    if code >= 300:
        return None
    return Write(user=str(user.get("username")), agent=str(event.get("userAgent", "")), verb=verb, uri=uri, code=code)
