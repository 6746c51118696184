"""Programs end when they should: by themselves, at their deadline, and with us."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from infra.lib import process
from infra.lib.errors import Exit, SlipwayError


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for(path: Path) -> int:
    until = time.monotonic() + 20
    while not (path.is_file() and path.read_text().strip()):
        assert time.monotonic() < until, f"{path} was not written"
        time.sleep(0.05)
    return int(path.read_text())


def gone(pid: int) -> bool:
    until = time.monotonic() + 15
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.05)
    return not alive(pid)


def test_output_goes_to_the_log_below_its_command(tmp_path: Path) -> None:
    process.run(["echo", "hello"], log=tmp_path / "deep" / "log", deadline=10)

    assert (tmp_path / "deep" / "log").read_text().splitlines() == ["", "$ echo hello", "hello"]


def test_a_failure_carries_its_code_and_last_lines(tmp_path: Path) -> None:
    with pytest.raises(SlipwayError, match="ended with 3") as caught:
        process.run(["sh", "-c", "echo no space left; exit 3"], log=tmp_path / "log", deadline=10)

    assert caught.value.details[-1] == "no space left"
    assert str(tmp_path / "log") in caught.value.hint


def test_a_program_that_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(SlipwayError, match="no-such-program is not installed") as caught:
        process.run(["no-such-program"], log=tmp_path / "log", deadline=10)

    assert caught.value.code == Exit.MISSING


def test_the_deadline_ends_the_program_and_its_children(tmp_path: Path) -> None:
    script = f"sleep 600 & echo $! > {tmp_path}/pid; wait"

    with pytest.raises(SlipwayError, match="did not finish within 1 s") as caught:
        process.run(["sh", "-c", script], log=tmp_path / "log", deadline=1)

    assert caught.value.code == Exit.DEADLINE
    assert gone(wait_for(tmp_path / "pid"))


def test_end_all_ends_what_other_threads_wait_for(tmp_path: Path) -> None:
    errors: list[SlipwayError] = []

    def work() -> None:
        try:
            process.run(["sh", "-c", f"echo $$ > {tmp_path}/pid; exec sleep 600"], log=tmp_path / "log", deadline=700)
        except SlipwayError as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    pid = wait_for(tmp_path / "pid")
    process.end_all()
    thread.join(10)

    assert not thread.is_alive()
    assert gone(pid)
    assert len(errors) == 1


def test_a_program_that_ignores_the_request_is_ended_by_force(tmp_path: Path) -> None:
    script = f"trap '' TERM; echo $$ > {tmp_path}/pid; while true; do sleep 0.1; done"

    def work() -> None:
        with pytest.raises(SlipwayError):
            process.run(["sh", "-c", script], log=tmp_path / "log", deadline=700)

    thread = threading.Thread(target=work)
    thread.start()
    pid = wait_for(tmp_path / "pid")
    process.end_all(grace=0.5)
    thread.join(10)

    assert gone(pid)


def test_kill_9_of_us_ends_the_program(tmp_path: Path) -> None:
    script = f"echo $$ > {tmp_path}/pid; exec sleep 600"
    ours = (
        "from infra.lib import process; from pathlib import Path; "
        f"process.run(['sh', '-c', {script!r}], log=Path('{tmp_path}/log'), deadline=700)"
    )
    parent = subprocess.Popen([sys.executable, "-c", ours])
    pid = wait_for(tmp_path / "pid")
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait(10)

    assert gone(pid)


def test_capture_returns_output_and_tells_errors() -> None:
    assert process.capture(["echo", "x"]) == "x\n"
    with pytest.raises(SlipwayError, match="ended with 2") as caught:
        process.capture(["sh", "-c", "echo why >&2; exit 2"])
    assert caught.value.details == ("why",)
    with pytest.raises(SlipwayError, match="did not answer within"):
        process.capture(["sleep", "60"], deadline=0.2)


def test_the_tail_of_a_log_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert process.tail(tmp_path / "none") == ()
