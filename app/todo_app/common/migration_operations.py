"""Operations for tables that are in use."""

from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, transaction
from django.db.migrations.operations.base import Operation


class IndexBuild(AddIndexConcurrently):
    """CREATE INDEX CONCURRENTLY that can run again: what an interrupted build left behind is dropped first.

    An interrupted build leaves an invalid index, which costs each write, serves no read and makes a second CREATE fail.
    """

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:  # noqa: ANN401 - Django's own signature
        """Drop, then create."""
        schema_editor.execute(f'DROP INDEX CONCURRENTLY IF EXISTS "{self.index.name}"')
        super().database_forwards(app_label, schema_editor, from_state, to_state)


def check_added(*, table: str, name: str, condition: str) -> migrations.RunSQL:
    """A CHECK that is made without reading the table under an exclusive lock; needs `atomic = False`.

    The state's AddConstraint goes beside it: `SeparateDatabaseAndState`.
    """
    return migrations.RunSQL(
        [
            f'ALTER TABLE "{table}" DROP CONSTRAINT IF EXISTS "{name}"',
            f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" CHECK ({condition}) NOT VALID',
            f'ALTER TABLE "{table}" VALIDATE CONSTRAINT "{name}"',
        ],
        [f'ALTER TABLE "{table}" DROP CONSTRAINT IF EXISTS "{name}"'],
    )


class Together(migrations.SeparateDatabaseAndState):
    """Operations of a migration with `atomic = False` that are one transaction all the same: all of them, or none."""

    def __init__(self, operations: list[Operation]) -> None:
        super().__init__(database_operations=operations, state_operations=operations)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """By its one argument."""
        return self.__class__.__name__, [], {"operations": self.state_operations}

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:  # noqa: ANN401 - Django's own signature
        """In order."""
        with transaction.atomic(schema_editor.connection.alias):
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:  # noqa: ANN401 - Django's own signature
        """In the other order."""
        with transaction.atomic(schema_editor.connection.alias):
            super().database_backwards(app_label, schema_editor, from_state, to_state)
