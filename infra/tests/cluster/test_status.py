"""The supervisor's status as the front door sees it."""

from pathlib import Path

import pytest

from infra.cluster.embedded import process, status
from infra.cluster.embedded.layout import Layout
from infra.lib import paths
from infra.lib.paths import Instance

ENTRY = {
    "name": "etcd",
    "state": "running",
    "pid": 7,
    "restarts": 2,
    "since": 12.5,
    "message": "",
    "cgroup": "system/etcd",
    "log": "etcd.log",
}


def test_entries_become_components(tmp_path: Path) -> None:
    group = tmp_path / "system/etcd"
    group.mkdir(parents=True)
    (group / "memory.stat").write_text("anon 4096\nkernel 0\n")
    (component,) = status.components({"components": [ENTRY]}, group=tmp_path)

    assert (component.name, component.state, component.restarts, component.since) == ("etcd", "running", 2, 12.5)
    assert component.memory == 4096
    assert component.pid == 0


@pytest.mark.parametrize("told", [{}, {"components": None}, {"components": "x"}])
def test_status_without_components_has_none(told: dict[str, object]) -> None:
    assert status.components(told, group=None) == ()


@pytest.mark.parametrize("text", ["", "{", "[1]", None])
def test_damaged_status_reads_as_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None) -> None:
    monkeypatch.setattr(paths, "RUN_ROOT", tmp_path)
    layout = Layout(Instance("demo"))
    layout.instance.run.mkdir(parents=True)
    if text is not None:
        layout.status.write_text(text)

    assert process.status(layout) == {}
    assert process.alive(layout) == 0
    assert status.info(layout).running is False
