"""`python -m tests.migrations.walk`, in a process and a database of its own: every migration back and forth on data.

From the newest schema, filled with rows, each migration in turn is taken back, applied, compared and taken back again;
then all are applied once more. Prints one JSON object: the walked migrations, the marked ones, and what differed.
"""

import json
import re
import sys
from collections.abc import Callable
from typing import Any

import django

django.setup()

from django.contrib.auth import get_user_model  # noqa: E402 - needs setup()
from django.core.management import call_command  # noqa: E402 - needs setup()
from django.db import connection  # noqa: E402 - needs setup()
from django.db.migrations.executor import MigrationExecutor  # noqa: E402 - needs setup()
from django.utils import timezone  # noqa: E402 - needs setup()

from todo_app.accounts.models import Role  # noqa: E402 - needs setup()
from todo_app.accounts.services import token_create  # noqa: E402 - needs setup()
from todo_app.moderation.checks import TextRefused  # noqa: E402 - needs setup()
from todo_app.moderation.services import word_add  # noqa: E402 - needs setup()
from todo_app.todos.services import todo_create  # noqa: E402 - needs setup()

Key = tuple[str, str]
# Columns, constraints, indexes, triggers and sequences of the schema, by name: what pg_dump would write, as rows.
SHAPE = """
    SELECT 'column', table_name, column_name, concat_ws(' ', data_type, is_nullable, column_default)
      FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL SELECT 'constraint', conrelid::regclass::text, conname, replace(pg_get_constraintdef(oid), ' NOT VALID', '')
      FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT 'invalid index', '', indexrelid::regclass::text, '' FROM pg_index WHERE NOT indisvalid
    UNION ALL SELECT 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid)
      FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT 'sequence', sequencename, '', '' FROM pg_sequences WHERE schemaname = 'public'
    UNION ALL SELECT 'function', '', proname, md5(prosrc) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
"""


PARTITION = re.compile(r"_p\d{4}_\d\d")
# Two indexes that 0001 made come back under another name, or with the next start: they serve old code the same.
NAMES = re.compile(r"moderation_bannedword_word_(key|45c2bd3b_uniq)|moderation_violation_user_id_6e109585")
TABLES = ("accounts", "common", "moderation", "outbox", "todos")


def rows(statement: str) -> list[tuple[Any, ...]]:
    """The answer of one statement."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


def shape() -> set[str]:
    """Our part of the schema as lines; partitions of coming months are made by a chore, not by a migration."""
    lines = (" | ".join(map(str, row)) for row in rows(SHAPE))
    return {line for line in lines if line.split(" | ")[1].partition("_")[0] in {*TABLES, ""} and not PARTITION.search(line) and not NAMES.search(line)}


def counts() -> dict[str, int]:
    """Rows of each of our tables; a partition counts with its table."""
    tables = rows(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
    )
    ours = [name for (name,) in tables if name.split("_")[0] in TABLES]
    return {name: rows(f'SELECT count(*) FROM "{name}"')[0][0] for name in ours}  # noqa: S608 - a name from the catalog


def fill() -> None:
    """Some rows in every table that people cause."""
    now = timezone.now()
    call_command("bootstrap")
    word_add(word="walkword", severity=2, now=now)
    for number in range(5):
        user = get_user_model().objects.create_user(f"walker-{number}", "passphrase-walker", role=Role.USER)
        token_create(user=user, name="walk", now=now)
        for part in range(4):
            todo_create(owner=user, title=f"todo {part}", now=now)
        try:
            todo_create(owner=user, title="a walkword in it", now=now)
        except TextRefused:
            continue
        raise AssertionError("the word was not refused")


def to(key: Key, name: str | None) -> None:
    """Migrate one app to a migration; a fresh executor, because the graph of an old one knows another state."""
    MigrationExecutor(connection).migrate([(key[0], name)])


def walk(report: Callable[[str], None]) -> dict[str, list[str]]:
    """See the module."""
    executor = MigrationExecutor(connection)
    plan = [node[0] for node in executor.migration_plan(executor.loader.graph.leaf_nodes(), clean_start=True)]
    ours = [migration for migration in plan if migration.__module__.startswith("todo_app.")]
    walked, marked = [], []
    for migration in reversed(ours):
        key: Key = (migration.app_label, migration.name)
        name = ".".join(key)
        if reason := getattr(sys.modules[migration.__module__], "ONE_WAY", ""):
            marked.append(f"{name}: {reason}")
            break
        parent = next((name for app, name in migration.dependencies if app == key[0]), None)
        before, before_rows = shape(), counts()
        to(key, parent)
        kept = counts()
        to(key, key[1])
        if before != shape():
            report(f"{name}: the schema differs: {sorted(before ^ shape())[:12]}")
        after_rows = counts()
        lost = {table: (before_rows[table], after_rows[table]) for table in kept if before_rows.get(table) != after_rows[table]}
        if lost:
            report(f"{name}: rows (before, after): {lost}")
        to(key, parent)
        walked.append(name)
    call_command("bootstrap")
    return {"walked": walked, "marked": marked}


def main() -> None:
    """Walk and print."""
    call_command("migrate", verbosity=0)
    fill()
    first, wrong = shape(), list[str]()
    told = walk(wrong.append)
    if first != shape():
        wrong.append(f"all the way: {sorted(first ^ shape())[:12]}")
    print(json.dumps({**told, "wrong": wrong}))


if __name__ == "__main__":
    main()
