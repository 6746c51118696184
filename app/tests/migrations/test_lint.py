"""What squawk says about the SQL of every migration; exceptions have a reason in lint.toml."""

import json
import subprocess
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader

pytestmark = pytest.mark.integration
SQUAWK = settings.BASE_DIR.parent / ".venv" / "bin" / "squawk"
EXCEPTIONS: dict[str, dict[str, str]] = tomllib.loads(
    Path(__file__).with_name("lint.toml").read_text(encoding="utf-8")
)
EVERYWHERE = EXCEPTIONS["everywhere"]


def ours() -> dict[str, Migration]:
    """Our migrations by `app.name`."""
    found = MigrationLoader(connection).disk_migrations
    return {".".join(key): item for key, item in sorted(found.items()) if item.__module__.startswith("todo_app.")}


def squawk(sql: str, *, in_transaction: bool) -> list[dict[str, Any]]:
    """Its findings."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql", encoding="utf-8") as file:
        file.write(sql)
        file.flush()
        command = [str(SQUAWK), "--reporter", "json", "--pg-version", "15", "--exclude", ",".join(EVERYWHERE)]
        command += ["--assume-in-transaction"] if in_transaction else []
        done = subprocess.run([*command, file.name], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode in {0, 1}, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout or "[]")
    return found


def sql_of(app: str, name: str) -> str:
    """What `sqlmigrate` prints."""
    text = call_command("sqlmigrate", app, name, no_color=True)
    return str(text).replace("BEGIN;", "").replace("COMMIT;", "")


def test_no_migration_stops_the_service() -> None:
    found: dict[str, set[str]] = {}
    for name, migration in ours().items():
        app, _, short = name.partition(".")
        for finding in squawk(sql_of(app, short), in_transaction=migration.atomic):
            found.setdefault(name, set()).add(finding["rule_name"])
    allowed = {name: set(rules) for name, rules in EXCEPTIONS.items() if name != "everywhere"}

    unexcused = {name: sorted(rules - allowed.get(name, set())) for name, rules in found.items()}
    stale = {name: sorted(rules - found.get(name, set())) for name, rules in allowed.items()}
    assert not any(unexcused.values()), "\n".join(f"{name}: {rules}" for name, rules in unexcused.items() if rules)
    assert not any(stale.values()), f"exceptions without a finding: {stale}"


def test_the_linter_sees_a_migration_that_would_lock() -> None:
    found = squawk("CREATE INDEX slow ON todos_todo (title);", in_transaction=True)

    assert "require-concurrent-index-creation" in {finding["rule_name"] for finding in found}


def test_every_exception_has_a_reason() -> None:
    assert all(len(reason) > 10 for rules in EXCEPTIONS.values() for reason in rules.values())
