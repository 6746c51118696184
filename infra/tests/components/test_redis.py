"""Redis: its start script, run for real by a shell, puts the password into a private file and nowhere else."""

import os
import stat
import subprocess
from pathlib import Path

from infra.components.redis import ALIVE, PASSWORD_FILE, READY, START, Redis, RedisArgs
from infra.tests.components.test_postgresql import PLACEMENT
from infra.tests.stacks.recording import Recorded, record

ARGS = RedisArgs(placement=PLACEMENT, image="redis:1", memory=32, cpu="20m", volume_size="256Mi")


def declared() -> Recorded:
    return record(lambda: Redis("redis", ARGS))


def shell(script: str, folder: Path, *, programs: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the script with its absolute paths moved into `folder` and these programs first on PATH."""
    for name, text in programs.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    (folder / "password").write_text("s3cret", encoding="utf-8")
    (folder / "redis.conf").write_text("port 6379\n", encoding="utf-8")
    moved = script.replace(PASSWORD_FILE, str(folder / "password")).replace("/etc/redis/", f"{folder}/")
    moved = moved.replace("/tmp/redis.conf", str(folder / "started.conf"))  # noqa: S108 - the path of the script
    return subprocess.run(
        ["sh", "-c", moved],
        env={"PATH": f"{folder}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )


def test_the_password_is_in_a_private_file_and_in_no_argument(tmp_path: Path) -> None:
    done = shell(START, tmp_path, programs={"redis-server": 'echo "$@"'})
    written = tmp_path / "started.conf"

    assert done.stdout.strip() == str(written)
    assert written.read_text(encoding="utf-8") == "port 6379\nrequirepass s3cret\n"
    assert stat.S_IMODE(written.stat().st_mode) == 0o600


def test_loading_is_alive_but_not_ready(tmp_path: Path) -> None:
    loading = {"redis-cli": "echo LOADING Redis is loading the dataset in memory"}
    answers = {"redis-cli": 'test "$REDISCLI_AUTH" = s3cret && echo PONG'}
    silent = {"redis-cli": "echo Could not connect >&2; exit 1"}

    assert [shell(READY, tmp_path, programs=case).returncode == 0 for case in (answers, loading, silent)] == [
        True,
        False,
        False,
    ]
    assert [shell(ALIVE, tmp_path, programs=case).returncode == 0 for case in (answers, loading, silent)] == [
        True,
        True,
        False,
    ]


def test_what_it_keeps_fits_into_the_limit_with_room_for_the_fork() -> None:
    config = dict(
        line.split(" ", 1) for line in declared().get("ConfigMap", "redis").inputs["data"]["redis.conf"].splitlines()
    )

    assert int(config["maxmemory"].removesuffix("mb")) * 3 <= ARGS.memory
    assert config["appendonly"] == "yes"
    assert "requirepass" not in config


def test_a_changed_file_rolls_the_pod() -> None:
    def checksum(memory: int) -> str:
        args = RedisArgs(placement=PLACEMENT, image="redis:1", memory=memory, cpu="20m", volume_size="256Mi")
        spec = record(lambda: Redis("redis", args)).get("StatefulSet", "redis").inputs["spec"]
        return str(spec["template"]["metadata"]["annotations"]["slipway.local/checksum-config"])

    assert checksum(32) != checksum(64)
