"""The keeper of a port-forward."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.cluster import keeper
from infra.cluster.rest import poll
from infra.lib.paths import REPOSITORY


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Path]:
    """The pid file of a keeper whose command writes its own pid to `command` and sleeps."""
    pid_file = tmp_path / "keeper.pid"
    command = ["sh", "-c", f"echo $$ >> {tmp_path}/command; exec sleep 60"]
    child = subprocess.Popen(
        [sys.executable, "-S", "-s", "-m", "infra.cluster.keeper", str(pid_file), *command], cwd=REPOSITORY
    )
    try:
        assert poll(lambda: bool(pids(tmp_path)), deadline=10, pause=0.05)
        yield pid_file
    finally:
        child.kill()
        child.wait()


def pids(folder: Path) -> list[int]:
    file = folder / "command"
    return [int(line) for line in file.read_text().split()] if file.is_file() else []


def test_command_that_ends_is_started_again(kept: Path) -> None:
    os.kill(pids(kept.parent)[0], signal.SIGKILL)

    assert poll(lambda: len(pids(kept.parent)) == 2, deadline=10, pause=0.05)
    assert keeper.read_pid(kept) != 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_command_ends_with_its_keeper(kept: Path, number: signal.Signals) -> None:
    (command,) = pids(kept.parent)
    os.kill(keeper.read_pid(kept), number)

    assert poll(lambda: keeper.start_ticks(command) == 0 or ended(command), deadline=10, pause=0.05)


PATIENT = """
import sys
from infra.cluster import keeper
keeper.BACKOFF_FIRST = keeper.BACKOFF_MOST = 300.0
sys.exit(keeper.main(sys.argv[1:]))
"""


def test_a_keeper_between_two_tries_ends_at_once(tmp_path: Path) -> None:
    pid_file, tried = tmp_path / "keeper.pid", tmp_path / "command"
    child = subprocess.Popen([sys.executable, "-S", "-c", PATIENT, str(pid_file), "touch", str(tried)], cwd=REPOSITORY)
    try:
        assert poll(tried.exists, deadline=10, pause=0.05)
        child.terminate()
        assert child.wait(10) == 0
    finally:
        child.kill()
        child.wait()
    assert not pid_file.exists()


def ended(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.mark.parametrize("content", ["", "x", "1", f"{os.getpid()} 1"])
def test_pid_file_of_a_process_that_is_gone_names_nobody(tmp_path: Path, content: str) -> None:
    file = tmp_path / "x.pid"
    file.write_text(content)

    assert keeper.read_pid(file) == 0


def test_pid_file_of_a_live_process_names_it(tmp_path: Path) -> None:
    keeper.write_pid(tmp_path / "x.pid")

    assert keeper.read_pid(tmp_path / "x.pid") == os.getpid()
