"""The migration that gives listed words their folded form."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

from tests.servers import DATABASE, Servers

pytestmark = pytest.mark.integration
SCRIPT = """
import django; django.setup()
from django.core.management import call_command
from django.db import connection
call_command("migrate", "moderation", "0002", verbosity=0)
with connection.cursor() as cursor:
    for number, (word, severity) in enumerate([("Casino", 3), ("casino", 1), ("!!!", 2), ("other", 1)]):
        cursor.execute("INSERT INTO moderation_bannedword (id, created_on, updated_on, word, severity)"
            " VALUES (gen_random_uuid(), now(), now(), %s, %s)", [word, severity])
call_command("migrate", verbosity=0)
from todo_app.moderation.models import BannedWord
print(sorted(BannedWord.objects.values_list("word", "folded")))
"""


def test_an_older_list_keeps_each_word_once(servers: Servers) -> None:
    servers.psql(f"CREATE DATABASE todo_older OWNER {DATABASE}")
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("TODO_", "DJANGO_"))}
    environment = {**clean, **servers.environment(), "TODO_DATABASE_NAME": "todo_older"}
    environment |= {"DJANGO_SETTINGS_MODULE": "config.settings"}
    command = [sys.executable, "-c", SCRIPT]
    try:
        done = subprocess.run(
            command, env=environment, cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=90, check=False
        )
    finally:
        servers.psql("DROP DATABASE todo_older WITH (FORCE)")

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[('Casino', 'casino'), ('other', 'other')]"
