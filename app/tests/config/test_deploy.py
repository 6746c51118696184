"""Production settings."""

import io

from django.core.management import call_command


def test_check_deploy_has_nothing_to_say() -> None:
    out = io.StringIO()

    call_command("check", deploy=True, fail_level="WARNING", stdout=out)

    assert "no issues (0 silenced)" in out.getvalue()


def test_no_model_change_lacks_its_migration() -> None:
    from django.apps import apps
    from django.db.migrations.autodetector import MigrationAutodetector
    from django.db.migrations.loader import MigrationLoader
    from django.db.migrations.state import ProjectState

    loader = MigrationLoader(None)
    changes = MigrationAutodetector(loader.project_state(), ProjectState.from_apps(apps)).changes(graph=loader.graph)

    ours = {"common", "outbox", "shards", "accounts", "moderation", "todos"}
    assert {label for label in changes if label in ours} == set()
