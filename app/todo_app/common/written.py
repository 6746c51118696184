"""Whether what was written in a transaction is there: Django has on_commit, but nothing that tells of a rollback."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper


@dataclass(eq=False)
class Written:
    """One write of a row. The mark waits among the commit hooks, whence a rollback, also to a savepoint, takes it."""

    connection: BaseDatabaseWrapper
    loaded: Mapping[str, Any]  # what the row was known to hold before
    adding: bool  # whether it was new before
    committed: bool = False

    def __post_init__(self) -> None:
        # the first of the hooks, so that the others find it told
        hooks: list[Any] = self.connection.run_on_commit  # the stubs know two of its three members
        hooks.insert(0, (set(self.connection.savepoint_ids), self, False))

    def __call__(self) -> None:
        """Committed."""
        self.committed = True

    @property
    def lost(self) -> bool:
        """Rolled back: neither committed nor waiting for it."""
        return not self.committed and not any(hook[1] is self for hook in self.connection.run_on_commit)
