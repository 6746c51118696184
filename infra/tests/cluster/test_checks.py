"""What `doctor` says about the machine."""

import shutil
import socket
from pathlib import Path

import pytest

from infra.cluster import checks
from infra.cluster.embedded.layout import Layout
from infra.lib.paths import Instance

ALL = frozenset(checks.NEEDED_CAPABILITIES)
LAYOUT = Layout(Instance("no-such"))


@pytest.mark.parametrize(
    ("uid", "have", "level"), [(0, ALL, "ok"), (1000, ALL, "fail"), (0, ALL - {"CAP_NET_ADMIN"}, "fail")]
)
def test_root_with_its_capabilities_is_needed(uid: int, have: frozenset[str], level: str) -> None:
    finding = checks.permission(uid=uid, have=have)

    assert finding.level == level
    assert level == "ok" or finding.remedy.startswith("sudo")


def test_missing_capability_is_named() -> None:
    assert "CAP_NET_ADMIN" in checks.permission(uid=0, have=ALL - {"CAP_NET_ADMIN"}).message


def test_missing_program_is_told_by_its_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None if name in {"ip", "runc"} else f"/bin/{name}")
    monkeypatch.setattr(checks, "CNI_PROGRAMS", tmp_path)
    (finding,) = checks.programs()

    assert finding.level == "fail"
    assert finding.remedy == "apt-get install containernetworking-plugins iproute2 runc"


@pytest.mark.parametrize(("factor", "level"), [(0.5, "ok"), (2, "warn"), (8, "fail")])
def test_free_space_is_judged_against_what_is_needed(tmp_path: Path, factor: float, level: str) -> None:
    free = shutil.disk_usage(tmp_path).free

    assert checks.disk(tmp_path / "not/there/yet", needed=int(free * factor), what="cache").level == level


@pytest.mark.parametrize(
    ("available", "running", "wanted"),
    [(7, False, 8), (8, False, None), (4, True, 5), (5, True, None)],
)
def test_low_memory_warns_of_what_is_wanted_beside_what_runs(available: int, running: bool, wanted: int | None) -> None:
    needs = checks.Needs(runs=3 * checks.GIB, builds=5 * checks.GIB, cache=0, purpose="profile full with its builds")

    finding = checks.memory(needs, available=available * checks.GIB, running=running)

    assert finding.level == ("warn" if wanted else "ok")
    assert not wanted or finding.message.endswith(f"GiB available, profile full with its builds wants {wanted}")


def test_taken_port_fails_with_holder_and_remedy() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        finding = checks.host_port(LAYOUT, port)
    after = checks.host_port(LAYOUT, port)

    assert (finding.level, after.level) == ("fail", "ok")
    assert f"{port}" in finding.message
    assert finding.remedy == f"SLIPWAY_PORT={port + 1} make up"


def test_instance_that_never_was_has_no_leftovers_and_no_components() -> None:
    assert [finding.level for finding in checks.leftovers(LAYOUT)] == ["ok"]
    assert list(checks.components(LAYOUT)) == []
