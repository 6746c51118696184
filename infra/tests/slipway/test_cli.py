"""The front door as a process: exit codes, one message, no traceback."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from infra.lib.errors import Exit, SlipwayError
from infra.lib.paths import cache_dir
from infra.slipway import cli, failure

OWN = ("CLUSTER", "PROFILE", "ENGINE", "ENV", "SLIPWAY_INSTANCE", "SLIPWAY_PORT", "SLIPWAY_DEBUG")


def slipway(*words: str, cache: Path, **env: str) -> subprocess.CompletedProcess[str]:
    base = {name: value for name, value in os.environ.items() if name not in OWN}
    return subprocess.run(
        [sys.executable, "-m", "infra.slipway", *words],
        capture_output=True,
        text=True,
        env={**base, "SLIPWAY_CACHE": str(cache), **env},
        check=False,
        timeout=60,
    )


def test_help_lists_commands_and_exit_codes(tmp_path: Path) -> None:
    done = slipway("--help", cache=tmp_path)

    assert done.returncode == 0
    shown = " ".join(done.stdout.split())
    for word in ("up", "down", "status", "preview", "render", "doctor", "logs", "shell", "open", "images", "kubectl"):
        assert f" {word} " in shown
    assert "2 bad input (nothing changed)" in shown


def test_bad_values_from_options_and_environment_are_told_together(tmp_path: Path) -> None:
    done = slipway("up", "--profile", "tiny", cache=tmp_path, ENV="prod")

    assert done.returncode == Exit.BAD_INPUT
    assert "PROFILE=tiny" in done.stderr
    assert "ENV=prod" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_empty_variable_of_make_is_no_value(tmp_path: Path) -> None:
    done = slipway("status", cache=tmp_path, ENV="", CLUSTER="", SLIPWAY_PORT="", SLIPWAY_INSTANCE="unittest-x")

    assert done.returncode == Exit.NOT_RUNNING, done.stderr
    assert "no cluster runs for instance unittest-x" in done.stderr


def test_an_unknown_command_is_bad_input(tmp_path: Path) -> None:
    done = slipway("upp", cache=tmp_path)

    assert done.returncode == Exit.BAD_INPUT
    assert "upp" in done.stderr
    assert "Traceback" not in done.stderr


def test_errors_are_json_where_json_was_asked_for(tmp_path: Path) -> None:
    done = slipway("up", "--json", "--engine", "magic", cache=tmp_path)

    told = json.loads(done.stdout.splitlines()[-1])
    assert told["event"] == "error"
    assert told["code"] == done.returncode == Exit.BAD_INPUT
    assert "ENGINE=magic" in told["message"]


def test_a_defect_of_ours_is_one_line_with_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SLIPWAY_CACHE", str(tmp_path))
    monkeypatch.delenv("SLIPWAY_DEBUG", raising=False)
    code = failure.unexpected(KeyError("lost"), as_json=False)

    (crash,) = (tmp_path / "crashes").glob("*.log")
    said = capsys.readouterr().err
    assert code == Exit.FAILED
    assert "unexpected KeyError: 'lost'" in said
    assert str(crash) in said
    assert "Traceback" not in said
    assert "KeyError" in crash.read_text()


def test_a_failure_shows_message_details_and_the_next_command(capsys: pytest.CaptureFixture[str]) -> None:
    error = SlipwayError("no", hint="make doctor", code=Exit.DEADLINE, details=("event [x]",))

    assert failure.told(error, as_json=False) == Exit.DEADLINE
    assert capsys.readouterr().err.splitlines() == ["slipway: no", "  event [x]", "  next: make doctor"]


SLEEPER = """
import signal
import sys
from pathlib import Path
from infra.slipway import cli
from infra.lib import process

@cli.app.command()
def nap() -> None:
    from infra.slipway import steps, views
    from infra.slipway.plan import Step
    from infra.slipway.timings import Timings

    def sleep(work):
        work.report("asleep")
        process.run(["sleep", "611"], log=work.log, deadline=700)

    logs = Path(sys.argv[-1])
    with views.viewer(as_json=True) as viewer:
        nap = Step(name="nap", action=sleep, deadline=700)
        steps.execute([nap], viewer=viewer, logs=logs, timings=Timings(logs / "t"))

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts background jobs with SIGINT ignored
for number in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, cli._interrupt)
sys.exit(cli._run(["nap"]))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_ends_programs_and_says_what_is_safe(number: signal.Signals, tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", SLEEPER, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    until = time.monotonic() + 30
    while "asleep" not in child.stdout.readline():
        assert time.monotonic() < until
    time.sleep(0.5)
    child.send_signal(number)
    try:
        _, said = child.communicate(timeout=30)
    finally:
        child.kill()

    assert child.returncode == failure.INTERRUPTED
    assert "run the same command again" in said
    assert "Traceback" not in said
    left = subprocess.run(["pgrep", "-f", "^sleep 611$"], capture_output=True, text=True, check=False).stdout
    assert left == ""


def test_a_relative_cache_is_the_same_folder_for_every_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SLIPWAY_CACHE", "kept")

    assert cli._run(["--help"]) == 0
    monkeypatch.chdir("/")

    assert cache_dir() == tmp_path / "kept"


def test_a_cache_that_is_no_folder_is_bad_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SLIPWAY_CACHE", "/dev/null/below")

    assert cli._run(["status"]) == Exit.BAD_INPUT
    assert "SLIPWAY_CACHE=/dev/null/below: /dev/null is no folder" in capsys.readouterr().err


def test_what_a_user_typed_is_shown_as_typed(capsys: pytest.CaptureFixture[str]) -> None:
    failure.told(SlipwayError("context:x: and :smile:"), as_json=False)

    assert "context:x: and :smile:" in capsys.readouterr().err
