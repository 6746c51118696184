"""`entrypoint migrate`: idempotent, safe side by side."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.conf import settings

from tests.servers import DATABASE, Servers

pytestmark = pytest.mark.integration


@pytest.fixture
def empty(servers: Servers) -> Iterator[dict[str, str]]:
    """The environment of a database nobody has migrated."""
    name = "todo_empty"
    servers.psql(f"CREATE DATABASE {name} OWNER {DATABASE}")
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("TODO_", "DJANGO_"))}
    yield {**clean, **servers.environment(), "TODO_DATABASE_NAME": name}
    servers.psql(f"DROP DATABASE {name} WITH (FORCE)")


def start(environment: dict[str, str]) -> subprocess.Popen[str]:
    """One migrator."""
    command = [sys.executable, str(settings.BASE_DIR / "entrypoint"), "migrate"]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_three_migrators_at_once_migrate_once(empty: dict[str, str], servers: Servers) -> None:
    migrators = [start(empty) for _ in range(3)]
    ends = [migrator.communicate(timeout=110) for migrator in migrators]

    assert [migrator.returncode for migrator in migrators] == [0, 0, 0], ends
    made = sorted('"administrator"' in out for out, _ in ends)
    assert made == [False, False, True]
    again = start(empty)
    out, err = again.communicate(timeout=60)
    assert (again.returncode, '"made":[]' in out) == (0, True), err


def test_initial_words_are_listed_once_and_bad_ones_told(empty: dict[str, str]) -> None:
    bad = start({**empty, "TODO_INITIAL_WORDS": "fine,!!!"})
    _, err = bad.communicate(timeout=100)
    good = start({**empty, "TODO_INITIAL_WORDS": "Casino,casino,c\u0430sino,other"})
    out, good_err = good.communicate(timeout=100)

    assert (bad.returncode, "Traceback" in err) == (1, False)
    assert "TODO_INITIAL_WORDS: banned word '!!!' can never be found" in err
    assert (good.returncode, out.count('"word"')) == (0, 2), good_err


def test_a_missing_secret_is_told_without_traceback(empty: dict[str, str], servers: Servers) -> None:
    hidden = servers.secrets_dir / "admin-password"
    kept = hidden.read_text(encoding="utf-8")
    hidden.unlink()
    try:
        migrator = start(empty)
        _, err = migrator.communicate(timeout=100)
    finally:
        hidden.write_text(kept, encoding="utf-8")

    assert migrator.returncode == 1
    assert "Traceback" not in err
    assert "secret file admin-password" in err
