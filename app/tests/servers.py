"""Real PostgreSQL and Redis on loopback, for tests: random ports, a folder that vanishes, always stopped."""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

PG_BIN = Path("/usr/lib/postgresql/15/bin")
DATABASE, ROLE = "todo", "todo"
PORTS = range(20_000, 30_000)


def free_port() -> int:
    """A port nobody has now. Below those the kernel gives to clients, so that no outgoing connection takes it either
    before the server, which needs seconds to start, binds it."""
    while True:
        port = secrets.choice(PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


@dataclass(frozen=True)
class Servers:
    """Where the servers are and the folder of secrets that opens them."""

    database_port: int
    redis_port: int
    secrets_dir: Path
    socket_dir: Path

    def environment(self) -> dict[str, str]:
        """TODO_ settings for a process that uses these servers."""
        return {
            "TODO_ENVIRONMENT": "local",
            "TODO_PUBLIC_URL": "http://127.0.0.1:8080",
            "TODO_ALLOWED_HOSTS": "127.0.0.1,localhost,testserver",
            "TODO_DATABASE_HOST": "127.0.0.1",
            "TODO_DATABASE_PORT": str(self.database_port),
            "TODO_REDIS_HOST": "127.0.0.1",
            "TODO_REDIS_PORT": str(self.redis_port),
            "TODO_SECRETS_DIR": str(self.secrets_dir),
            "TODO_DEMO_USER": "true",
            "TODO_INITIAL_WORDS": "damnation,scunthorpe",
        }

    def psql(self, statement: str, *, database: str = "postgres") -> str:
        """Run SQL as the superuser over the local socket."""
        command = [*as_user(), str(PG_BIN / "psql"), "-h", str(self.socket_dir), "-p", str(self.database_port)]
        command += ["-U", "postgres", "-d", database, "-v", "ON_ERROR_STOP=1", "-Atc", statement]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout.strip()


def _account() -> pwd.struct_passwd | None:
    """PostgreSQL refuses root: the account to use instead, None when we are not root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("neither postgres nor nobody exists; PostgreSQL refuses to run as root")


def as_user() -> list[str]:
    """How to start a program that refuses to run as root."""
    account = _account()
    if account is None:
        return []
    return ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups", "--"]


@contextmanager
def running() -> Iterator[Servers]:
    """Start both, yield, stop both."""
    base = Path(tempfile.mkdtemp(prefix="todo-app-test-"))
    processes: list[subprocess.Popen[bytes]] = []
    try:
        base.chmod(0o755)
        servers = _prepare(base)
        processes.append(_postgresql(base, servers))
        processes.append(_redis(base, servers))
        yield servers
    finally:
        end(*processes)
        shutil.rmtree(base, ignore_errors=True)


@contextmanager
def another_postgresql(servers: Servers) -> Iterator[Servers]:
    """A second PostgreSQL server beside `servers`, with the same role, password and database name, and still empty."""
    base = Path(tempfile.mkdtemp(prefix="todo-app-test-"))
    processes: list[subprocess.Popen[bytes]] = []
    try:
        base.chmod(0o755)
        other = replace(servers, database_port=free_port(), socket_dir=_database_folder(base))
        processes.append(_postgresql(base, other))
        yield other
    finally:
        end(*processes)
        shutil.rmtree(base, ignore_errors=True)


def end(*processes: subprocess.Popen[bytes]) -> None:
    """Stop the servers, one that does not listen by force."""
    for process in processes:
        process.send_signal(signal.SIGINT)  # PostgreSQL: fast shutdown; SIGTERM would wait for clients
    for process in processes:
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


def _prepare(base: Path) -> Servers:
    folder = base / "secrets"
    folder.mkdir()
    for name in ("django-secret-key", "database-password", "redis-password", "admin-password", "demo-password"):
        (folder / name).write_text(secrets.token_urlsafe(48), encoding="utf-8")
    return Servers(free_port(), free_port(), folder, _database_folder(base))


def _database_folder(base: Path) -> Path:
    database = base / "database"
    database.mkdir()
    if account := _account():
        os.chown(database, account.pw_uid, account.pw_gid)
    return database


def _postgresql(base: Path, servers: Servers) -> subprocess.Popen[bytes]:
    data = base / "database" / "data"
    command = [*as_user(), str(PG_BIN / "initdb"), "-D", str(data), "-U", "postgres", "--auth-local=trust"]
    command += ["--auth-host=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    options = {
        "listen_addresses": "127.0.0.1",
        "port": servers.database_port,
        "unix_socket_directories": base / "database",
        "fsync": "off",
        "max_connections": 100,
        "shared_buffers": "32MB",
    }
    arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    command = [*as_user(), str(PG_BIN / "postgres"), "-D", str(data), *arguments]
    process = start(command, base / "postgresql.log")
    wait(process, servers.database_port, base / "postgresql.log")
    password = (servers.secrets_dir / "database-password").read_text(encoding="utf-8")
    servers.psql(f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{password}'")
    servers.psql(f"CREATE DATABASE {DATABASE} OWNER {ROLE}")
    return process


def _redis(base: Path, servers: Servers) -> subprocess.Popen[bytes]:
    password = (servers.secrets_dir / "redis-password").read_text(encoding="utf-8")
    config = base / "redis.conf"
    config.write_text(
        f'bind 127.0.0.1\nport {servers.redis_port}\nsave ""\ndir {base}\nrequirepass {password}\n', encoding="utf-8"
    )
    process = start(["redis-server", str(config)], base / "redis.log")
    wait(process, servers.redis_port, base / "redis.log")
    return process


def start(command: list[str], log: Path) -> subprocess.Popen[bytes]:
    """Start a server that ends with this process."""
    # with the parent's death the server goes too, even when the parent was killed; SIGINT is a fast shutdown for both
    if command[0] == "setpriv":
        command = [command[0], "--pdeathsig=INT", *command[1:]]
    else:
        command = ["setpriv", "--pdeathsig=INT", "--", *command]
    with log.open("wb") as output:
        return subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)


def wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Until the server accepts connections; RuntimeError with its log when it does not."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), 0.5).close()
        except OSError:
            time.sleep(0.05)
        else:
            time.sleep(0.2)
            return
    raise RuntimeError(
        f"server on port {port} did not start:\n{log.read_text(encoding='utf-8', errors='replace')[-2000:]}"
    )
