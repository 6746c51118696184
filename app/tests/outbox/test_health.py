"""The relay's two clocks."""

import time

import pytest

from todo_app.outbox import process


def test_a_loop_that_stands_still_is_dead_and_one_without_database_is_unready(monkeypatch: pytest.MonkeyPatch) -> None:
    health = process.Health()
    assert health.alive()
    assert not health.ready()

    health.worked = time.monotonic()
    assert health.ready()
    later = time.monotonic() + process.PROGRESS + 1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert not health.ready()
    assert not health.alive()
    health.turned = later
    assert health.alive()
