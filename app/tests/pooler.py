"""A real PgBouncer in transaction mode on loopback, in front of the tests' PostgreSQL."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers import DATABASE, ROLE, Servers, as_user, end, free_port, start, wait


def missing() -> str:
    """Why none can be started, "" when one can."""
    return "" if program() else "not run: pgbouncer is not installed"


def program() -> str | None:
    """Debian keeps it in sbin, which plain users lack on PATH."""
    return shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/bin")


@contextmanager
def running(servers: Servers, *, server_connections: int = 2) -> Iterator[int]:
    """Its port. Few server connections, so that clients really share them."""
    folder = Path(tempfile.mkdtemp(prefix="todo-app-pooler-"))
    folder.chmod(0o755)
    port = free_port()
    password = (servers.secrets_dir / "database-password").read_text(encoding="utf-8")
    (folder / "users.txt").write_text(f'"{ROLE}" "{password}"\n', encoding="utf-8")
    (folder / "pgbouncer.ini").write_text(
        f"""[databases]
{DATABASE} = host=127.0.0.1 port={servers.database_port} dbname={DATABASE}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users.txt
pool_mode = transaction
default_pool_size = {server_connections}
server_reset_query_always = 0
""",
        encoding="utf-8",
    )
    log = folder / "pgbouncer.log"
    process: subprocess.Popen[bytes] | None = None
    try:
        process = start([*as_user(), str(program()), str(folder / "pgbouncer.ini")], log)
        wait(process, port, log)
        yield port
    finally:
        if process is not None:
            end(process)
        shutil.rmtree(folder, ignore_errors=True)
