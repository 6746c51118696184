"""What `make` obtains on a machine that has nothing, and what it says when it may not."""

import subprocess
import sys
from pathlib import Path

import pytest

from ci import bootstrap

LIST = "# comment\nup a-package no-such-program-a\nup b-package sh\ntest c-package /no/such/file\n"


@pytest.fixture
def listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "packages.txt"
    file.write_text(LIST)
    monkeypatch.setattr(bootstrap, "PACKAGES", file)
    return file


@pytest.mark.usefixtures("listed")
def test_only_missing_packages_are_installed_and_test_needs_those_of_up_too() -> None:
    assert bootstrap.missing_packages("up") == ["a-package"]
    assert bootstrap.missing_packages("test") == ["a-package", "c-package"]


def test_every_line_of_the_real_list_is_whole() -> None:
    listed = bootstrap.packages(bootstrap.PACKAGES.read_text())

    assert {package.group for package in listed} == {"up", "test"}
    assert len({package.name for package in listed}) == len(listed)


@pytest.mark.parametrize(("uid", "command"), [(0, ["env"]), (1000, ["sudo", "env"])])
def test_one_apt_call_installs_all_with_the_rights_there_are(
    uid: int, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[list[str]] = []
    monkeypatch.setattr(bootstrap, "show", lambda words, **_: shown.append(words))
    monkeypatch.setattr(bootstrap, "administrator", lambda: [] if uid == 0 else ["sudo"])

    bootstrap.install_packages(["runc", "git"])

    assert [words[: len(command)] for words in shown] == [command, command]
    assert "update" in shown[0]
    assert shown[1][-2:] == ["runc", "git"]


def test_without_permission_one_message_lists_everything_and_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "administrator", lambda: None)

    with pytest.raises(bootstrap.CannotInstallError) as caught:
        bootstrap.install_packages(["runc", "git"])

    told = str(caught.value)
    assert "runc, git" in told
    assert "neither root nor may use sudo" in told
    assert "apt-get install -y --no-install-recommends runc git" in told


@pytest.mark.usefixtures("listed")
def test_a_refused_installation_ends_with_4_and_no_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SLIPWAY_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(bootstrap, "administrator", lambda: None)

    assert bootstrap.main(["up"]) == bootstrap.MISSING
    assert "missing on this machine: a-package" in capsys.readouterr().err


def test_a_cache_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SLIPWAY_CACHE", str(tmp_path / "file" / "cache"))

    assert bootstrap.main(["up"]) == bootstrap.MISSING
    assert "SLIPWAY_CACHE" in capsys.readouterr().err


def test_an_own_uv_that_is_new_enough_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "uv"
    program.write_text("#!/bin/sh\necho 'uv 0.12.0 (test)'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    assert bootstrap.uv(tmp_path / "cache") == program


@pytest.mark.parametrize("answer", ["uv 0.4.1", "", "pyenv: uv: command not found"])
def test_an_old_or_broken_uv_is_replaced_by_the_pinned_one(
    answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "uv"
    program.write_text(f"#!/bin/sh\necho '{answer}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    shown: list[str] = []
    monkeypatch.setattr(bootstrap, "show", lambda words, **_: shown.append(" ".join(words)))

    assert bootstrap.uv(tmp_path / "cache") == tmp_path / "cache" / "tools" / "uv" / "bin" / "uv"
    assert "-m venv" in shown[0]
    assert "--require-hashes" in shown[1]


def test_it_needs_nothing_but_the_standard_library() -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(Path(bootstrap.__file__))], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr.strip()) == (2, "usage: bootstrap.py up|test")
