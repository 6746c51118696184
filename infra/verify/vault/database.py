"""A real PostgreSQL on loopback whose first user is a superuser, as in the cluster."""

import os
import pwd
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from infra.verify.ports import free_port

POSTGRES = Path("/usr/lib/postgresql/15/bin")
SUPERUSER, DATABASE = "todo", "todo"


@dataclass(frozen=True)
class Postgres:
    """The superuser's connection, by the socket; by TCP everybody needs a password."""

    port: int
    folder: Path

    def run(self, *statements: str) -> list[Any]:
        """As the superuser; the rows of the last one."""
        rows: list[Any] = []
        with psycopg.connect(host=str(self.folder), port=self.port, user=SUPERUSER, dbname=DATABASE) as connection:
            connection.autocommit = True
            for statement in statements:
                cursor = connection.execute(sql.SQL(statement))
                rows = cursor.fetchall() if cursor.description else []
        return rows

    def login(self, user: str, password: str) -> "psycopg.Connection[Any]":
        """As somebody else."""
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user=user, password=password, dbname=DATABASE, autocommit=True
        )


@contextmanager
def postgres(folder: Path) -> Iterator[Postgres]:
    """Its first user is `todo`, as in the cluster, and a superuser."""
    account = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
    as_user = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"] if account else []
    folder.mkdir()
    if account:
        os.chown(folder, account.pw_uid, account.pw_gid)
    port, data = free_port(), folder / "data"
    initdb = [*as_user, str(POSTGRES / "initdb"), "-D", str(data), "-U", SUPERUSER, "--auth-local=trust", "--no-sync"]
    subprocess.run([*initdb, "--auth-host=scram-sha-256"], check=True, capture_output=True, timeout=120)
    options = {
        "port": str(port),
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": str(folder),
        "fsync": "off",
    }
    words = [word for key, value in options.items() for word in ("-c", f"{key}={value}")]
    server = subprocess.Popen(
        [*(as_user or ["setpriv"]), "--pdeathsig=INT", str(POSTGRES / "postgres"), "-D", str(data), *words],
        stderr=subprocess.DEVNULL,
    )
    try:
        found = Postgres(port, folder)
        until(lambda: _answers(found))
        yield found
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(30)


def _answers(found: Postgres) -> bool:
    with suppress(psycopg.Error):
        with psycopg.connect(host=str(found.folder), port=found.port, user=SUPERUSER, dbname="postgres") as connection:
            connection.autocommit = True
            connection.execute(f"CREATE DATABASE {DATABASE}")  # a constant of this file
        return True
    return False


def until(done: Callable[[], bool], *, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() >= deadline:
            raise TimeoutError("the server did not start in time")
        time.sleep(0.1)
