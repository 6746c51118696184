"""Examples of docs/django.md: migrations."""

import psycopg
import pytest
from django.conf import settings
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from psycopg.errors import LockNotAvailable

pytestmark = pytest.mark.integration


def test_migrations_are_a_graph_and_the_database_keeps_what_it_has_run() -> None:
    # example: migrations
    graph = MigrationLoader(connection).graph
    assert ("todos", "0001_initial") in graph.forwards_plan(("todos", "0001_initial"))
    executor = MigrationExecutor(connection)
    assert executor.migration_plan(graph.leaf_nodes()) == []  # nothing is left to run: /readyz asks the same
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM django_migrations WHERE app = 'todos'")
        assert cursor.fetchone()[0] >= 1
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE todos_todo IN SHARE MODE")  # somebody works with the table
        with pytest.raises(LockNotAvailable):
            column_add("SET lock_timeout = '50ms'")  # a change gives up instead of queueing all readers behind it
    # end


def column_add(limit: str) -> None:
    """Another connection wants what we hold."""
    options = connection.settings_dict
    password = settings.SECRETS.read("database-password")
    place = {"host": options["HOST"], "port": options["PORT"], "dbname": options["NAME"], "user": options["USER"]}
    with psycopg.connect(**place, password=password) as other:
        other.execute(limit)
        other.execute("ALTER TABLE todos_todo ADD COLUMN never integer")
