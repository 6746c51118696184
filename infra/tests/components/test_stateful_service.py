"""One volume, one writer: the guard, run for real."""

import subprocess
from pathlib import Path

from infra.components.stateful_service import ONE_WRITER


def start(folder: Path, script: str, *, patience: int = 120) -> subprocess.Popen[str]:
    """As the pod does: the guard, the file of the lock, the program."""
    guard = ONE_WRITER.replace("--wait 120", f"--wait {patience}")
    words = ["sh", "-c", guard, "one-writer", str(folder / ".in-use"), "sh", "-c", script]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.PIPE, text=True)


def test_a_second_writer_waits_until_the_last_process_of_the_first_has_ended(tmp_path: Path) -> None:
    log = tmp_path / "log"
    # The first program leaves a child behind, as a killed postmaster leaves its backends.
    first = start(tmp_path, f"echo first >> {log}; (sleep 1; echo child >> {log}) > /dev/null 2>&1 & exit 0")
    first.communicate(timeout=20)
    second = start(tmp_path, f"echo second >> {log}")
    second.communicate(timeout=20)

    assert log.read_text(encoding="utf-8").split() == ["first", "child", "second"]


def test_a_writer_that_does_not_end_is_named_in_the_failure(tmp_path: Path) -> None:
    holder = start(tmp_path, "echo ready; read line")
    assert holder.stdout is not None
    holder.stdout.readline()
    second = start(tmp_path, "echo never", patience=1)
    output, errors = second.communicate(timeout=20)
    holder.communicate(input="end\n", timeout=20)

    assert second.returncode == 1
    assert output == ""
    assert "still in use by another pod" in errors


def test_the_program_replaces_the_guard_so_that_signals_reach_it(tmp_path: Path) -> None:
    running = start(tmp_path, "echo $$")
    output, _ = running.communicate(timeout=20)

    assert int(output) == running.pid
