"""Which package sources a build gets: the machine's own of the right suite, and a clear word when there is none."""

from collections.abc import Callable
from pathlib import Path

import pytest

from infra.images import debian
from infra.lib.errors import Exit, SlipwayError

TARGETS = """\
http://mirror.test/debian bookworm main Debian
http://mirror.test/debian bookworm-updates main Debian
http://mirror.test/debian bookworm contrib Debian
http://mirror.test/security bookworm-security main Debian
http://mirror.test/debian trixie main Debian
http://vendor.test/apt bookworm main Some Vendor
"""
SETTINGS = """\
Acquire::http::Proxy "http://proxy.test:3128";
Acquire::Check-Valid-Until "false";
Acquire::IndexTargets::deb::Packages::MetaKey "x";
"""


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def use(targets: str) -> None:
        monkeypatch.setattr(debian, "capture", lambda command, **_: targets if command[0] == "apt-get" else SETTINGS)

    return use


def test_sources_are_debian_main_of_the_suite(tmp_path: Path, host: Callable[[str], None]) -> None:
    host(TARGETS)
    apt = debian.prepare(tmp_path, suite="bookworm")
    lines = apt.sources.read_text("utf-8").splitlines()
    assert [line.partition("] ")[2] for line in lines] == [
        "http://mirror.test/debian bookworm main",
        "http://mirror.test/debian bookworm-updates main",
        "http://mirror.test/security bookworm-security main",
    ]
    assert all("signed-by=/usr/share/keyrings/debian-archive-keyring.gpg" in line for line in lines)


def test_sources_are_known_before_the_first_update(tmp_path: Path, host: Callable[[str], None]) -> None:
    host("http://mirror.test/debian bookworm main \n")
    assert "bookworm main" in debian.prepare(tmp_path, suite="bookworm").sources.read_text("utf-8")


def test_settings_of_the_machine_go_along(tmp_path: Path, host: Callable[[str], None]) -> None:
    host(TARGETS)
    settings = debian.prepare(tmp_path, suite="bookworm").settings.read_text("utf-8")
    assert 'Proxy "http://proxy.test:3128"' in settings
    assert "Check-Valid-Until" in settings
    assert "IndexTargets" not in settings
    assert 'Install-Recommends "false"' in settings


def test_machine_without_the_suite_is_told_what_to_add(tmp_path: Path, host: Callable[[str], None]) -> None:
    host("http://mirror.test/ubuntu noble main Ubuntu\nhttp://vendor.test/apt bookworm main Some Vendor\n")
    with pytest.raises(SlipwayError, match="no source for Debian bookworm") as refused:
        debian.prepare(tmp_path, suite="bookworm")
    assert refused.value.code is Exit.MISSING
    assert "apt-get update" in refused.value.hint


def test_files_are_mounted_for_the_build_only(tmp_path: Path, host: Callable[[str], None]) -> None:
    host(TARGETS)
    volumes = debian.prepare(tmp_path, suite="bookworm").volumes()
    assert all(volume.endswith(":ro") for volume in volumes)
    assert {volume.split(":")[1] for volume in volumes} == {"/etc/apt/sources.list", "/etc/apt/apt.conf"}
