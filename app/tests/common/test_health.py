"""Liveness and readiness."""

import pytest
import redis
from django.db import DatabaseError, connection
from django.test import Client

from todo_app.common import health

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_cache", health._Cache())


def test_ready_when_the_database_has_every_migration() -> None:
    response = Client().get("/readyz")

    assert response.status_code == 200
    assert response.json() == {"status": "ready", "reasons": [], "redis": "ok"}


def test_a_missing_migration_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db.migrations.recorder import MigrationRecorder

    full = MigrationRecorder.applied_migrations
    monkeypatch.setattr(
        MigrationRecorder,
        "applied_migrations",
        lambda self: {k: v for k, v in full(self).items() if k[0] != "todos"},
    )

    response = Client().get("/readyz")

    assert response.status_code == 503
    assert response.json()["reasons"][0].endswith("migrations are not applied, first todos.0001_initial")


def test_an_absent_database_is_a_reason_and_liveness_does_not_care(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise DatabaseError

    monkeypatch.setattr(connection, "cursor", refuse)

    assert Client().get("/readyz").status_code == 503
    assert Client().get("/healthz").status_code == 200


def test_an_absent_redis_is_told_but_not_fatal(monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = redis.Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.2)
    monkeypatch.setattr(health, "client", lambda: nowhere)

    response = Client().get("/readyz")

    assert response.status_code == 200
    assert "unreachable" in response.json()["redis"]


def test_draining_is_unready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health.DRAINING, "is_set", lambda: True)

    assert Client().get("/readyz").json()["reasons"] == ["draining"]


def test_many_probes_at_once_ask_the_database_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def ask(_shard: str) -> tuple[str, ...]:
        asked.append(1)
        return ()

    monkeypatch.setattr(health, "_database_reasons", ask)

    for _ in range(20):
        Client().get("/readyz")

    assert len(asked) <= 2
