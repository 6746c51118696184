"""Where and on what a result was measured."""

import os
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from infra.lib.errors import SlipwayError
from infra.lib.paths import REPOSITORY
from infra.lib.process import capture

# Result files change with every measurement and README with them; they do not make the code another one.
NOT_CODE = ("docs/performance", "docs/reliability", "README.md")


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """`memory_gib` of the machine, `load` of its last minute before, `commit`, `dirty` with changes, `date` in UTC."""

    cores: int
    memory_gib: int
    kernel: str
    load: float
    commit: str
    dirty: bool
    date: str

    @property
    def busy(self) -> bool:
        """Whether others were using half of the machine or more."""
        return self.load > self.cores / 2

    @classmethod
    def now(cls, *, root: Path = REPOSITORY) -> "Provenance":
        """This machine and this checkout; commit `unknown` where there is no Git."""
        commit, dirty = _commit(root)
        return cls(
            cores=len(os.sched_getaffinity(0)),
            memory_gib=round(psutil.virtual_memory().total / 2**30),
            kernel=platform.release(),
            load=round(os.getloadavg()[0], 1),
            commit=commit,
            dirty=dirty,
            date=datetime.now(UTC).isoformat(timespec="seconds"),
        )

    def fields(self) -> dict[str, Any]:
        """As they stand in a result row."""
        return {
            "machine": {"cores": self.cores, "memory_gib": self.memory_gib, "kernel": self.kernel, "load": self.load},
            "commit": self.commit,
            "dirty": self.dirty,
            "date": self.date,
        }


def _commit(root: Path) -> tuple[str, bool]:
    git = ("git", "-C", root)
    try:
        commit = capture([*git, "rev-parse", "--short=12", "HEAD"]).strip()
        changed = capture([*git, "status", "--porcelain", "--", ".", *(f":(exclude){path}" for path in NOT_CODE)])
    except SlipwayError:
        return "unknown", True
    return commit, bool(changed.strip())
