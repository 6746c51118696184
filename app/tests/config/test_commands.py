"""The image's entry point."""

import os
import subprocess
import sys

from django.conf import settings


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the entry point as the image does."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TODO_", "DJANGO_"))}
    command = [sys.executable, str(settings.BASE_DIR / "entrypoint"), *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, cwd="/", env={**clean, **environment}
    )


def test_an_unknown_command_lists_the_known_ones() -> None:
    result = run("relais")

    assert result.returncode == 2
    assert result.stderr == (
        "todo-app: unknown command: relais; known commands:"
        " maintenance, migrate, move-user, relay, run-due-todos, web\n"
    )


def test_wrong_arguments_are_told_what_is_wanted() -> None:
    assert (run("web", "now").returncode, run("move-user").returncode) == (2, 2)
    assert run("move-user", "me").stderr == "todo-app move-user: wants USER SHARD, not: me\n"
    assert run("relay", "s1", "s2").stderr == "todo-app relay: wants [SHARD], not: s1 s2\n"


def test_bad_settings_end_each_command_with_2_and_without_traceback() -> None:
    for command in ("web", "migrate", "relay", "maintenance", "run-due-todos"):
        result = run(command, TODO_DATABASE_PORT="zero")

        assert result.returncode == 2
        assert "Traceback" not in result.stderr
        lines = result.stderr.splitlines()
        assert all(line.startswith("todo-app: ") for line in lines)
        assert any("TODO_DATABASE_PORT is 'zero'" in line for line in lines)
        assert any("TODO_SECRETS_DIR is missing" in line for line in lines)
