"""Every migration goes back and forth on data, or says why it cannot."""

import json
import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from tests.servers import ROLE, Servers

pytestmark = pytest.mark.integration


def test_every_migration_walks_back_and_forth(servers: Servers) -> None:
    servers.psql(f"CREATE DATABASE todo_walk OWNER {ROLE}")
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("TODO_", "DJANGO_"))}
    environment = {**clean, **servers.environment(), "TODO_DATABASE_NAME": "todo_walk"}
    environment |= {"DJANGO_SETTINGS_MODULE": "config.settings"}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "tests.migrations.walk"],
            env=environment,
            cwd=settings.BASE_DIR,
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )
    finally:
        servers.psql("DROP DATABASE todo_walk WITH (FORCE)")

    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert not told["wrong"], "\n".join(told["wrong"])
    ours = {
        ".".join(key)
        for key, migration in MigrationLoader(connection).disk_migrations.items()
        if migration.__module__.startswith("todo_app.")
    }
    if not told["marked"]:
        assert set(told["walked"]) == ours
