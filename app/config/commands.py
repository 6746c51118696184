"""The commands of the image. A later issue adds its command with its code."""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path


def web() -> int:
    """Serve http; becomes gunicorn, so that signals reach it directly."""
    folder = Path(tempfile.gettempdir()) / "todo-app-metrics"
    shutil.rmtree(folder, ignore_errors=True)  # files of an earlier run would be added to this one's figures
    folder.mkdir(mode=0o700, parents=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    from django.conf import settings  # noqa: PLC0415 - settings are judged only by commands that need them

    settings.ENV  # noqa: B018 - judge the settings here: gunicorn would wrap the message into a traceback
    command = [sys.executable, "-m", "gunicorn", "-c", "python:config.gunicorn", "config.wsgi:application"]
    os.execv(sys.executable, command)  # noqa: S606 - no shell wanted


def migrate() -> int:
    """Bring the schema up to date and create what a first start needs."""
    return _manage("bootstrap")


def relay(shard: str = "") -> int:
    """Publish the events of one database, the directory's without a name, until told to stop."""
    return _manage("relay", *(["--shard", shard] if shard else []))


def maintenance() -> int:
    """Run the chores of all apps once."""
    return _manage("maintenance")


def run_due_todos() -> int:
    """Make the todos of recurrences whose time has come, once."""
    return _manage("run_due_todos")


def move_user(user: str, shard: str) -> int:
    """Move one user's rows to another database; running it again finishes a move that was cut off."""
    return _manage("move_user", user, shard)


def _manage(*arguments: str) -> int:
    import django  # noqa: PLC0415 - see web
    from django.core.management import CommandError, call_command  # noqa: PLC0415 - see web
    from django.db import Error as DatabaseError  # noqa: PLC0415 - see web

    from config.secret_files import SecretMissing  # noqa: PLC0415 - see web
    from todo_app.common.audit import audited  # noqa: PLC0415 - see web

    django.setup()
    try:
        with audited(lambda: {"command": arguments[0]}):
            call_command(*arguments)
    except (CommandError, DatabaseError, SecretMissing) as error:
        first = str(error).strip().partition("\n")[0]
        sys.stderr.write(f"todo-app {arguments[0]}: {first or type(error).__name__}\n")
        return 1
    return 0


COMMANDS: dict[str, Callable[..., int]] = {
    "web": web,
    "migrate": migrate,
    "relay": relay,
    "maintenance": maintenance,
    "run-due-todos": run_due_todos,
    "move-user": move_user,
}
ARGUMENTS = {"relay": ("[SHARD]", 0, 1), "move-user": ("USER SHARD", 2, 2)}  # how they are named, fewest, most


def main(arguments: list[str]) -> int:
    """Run one command; an unknown one lists the known ones and ends with 2, and so do wrong arguments."""
    name, given = arguments[0] if arguments else "", arguments[1:]
    usage, fewest, most = ARGUMENTS.get(name, ("", 0, 0))
    if name in COMMANDS and not fewest <= len(given) <= most:
        sys.stderr.write(f"todo-app {name}: wants {usage or 'no arguments'}, not: {' '.join(given) or 'nothing'}\n")
        return 2
    if name not in COMMANDS:
        sys.stderr.write(
            f"todo-app: unknown command: {name or 'nothing'}; known commands: {', '.join(sorted(COMMANDS))}\n"
        )
        return 2
    return COMMANDS[name](*given)
