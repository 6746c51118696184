"""R45: the database user changes under load and the old one is dropped, its connections with it."""

import secrets
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from tests.faults.harness import Fault, FaultRun
from tests.faults.web_process import serving
from tests.servers import DATABASE, ROLE, Servers, free_port
from todo_app.accounts.models import User
from todo_app.accounts.services import token_create
from todo_app.todos.models import Todo

pytestmark = pytest.mark.integration
FAULT = Fault(
    id="R45",
    title="rotate under load",
    promise="the database user changes and the old one is dropped with its connections, and no request fails",
    defect="connections of an earlier login stay in use",
)
CLIENTS = 6
SLOW = 0.3  # seconds of a write in the database, so that some are always amid one
GRACE = 2.0  # seconds between the new login and the end of the old one; Vault leaves a tenth of the lease
PAUSE = 0.5  # seconds after that
TITLE = "slow write"
TRIGGER = """
    CREATE FUNCTION slow_write() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_sleep({slow}); RETURN NEW; END';
    CREATE TRIGGER slow_write BEFORE INSERT ON {table} FOR EACH ROW WHEN (NEW.title = '{title}')
        EXECUTE FUNCTION slow_write();
"""

END = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{user}'"


@dataclass
class Logins:
    """Users of the database as Vault makes and takes them back, and the file the agent writes."""

    servers: Servers
    number: int = 0
    now: tuple[str, str] = ("", "")
    used: set[str] = field(default_factory=set)

    def issue(self) -> None:
        """A new one; the file changes in one step."""
        self.number += 1
        self.now = (f"v-web-{self.number}-{secrets.token_hex(4)}", secrets.token_urlsafe(16))
        self.servers.psql(f"CREATE ROLE \"{self.now[0]}\" LOGIN PASSWORD '{self.now[1]}' IN ROLE {ROLE}")
        new = self.servers.secrets_dir / ".new"
        new.write_text("\n".join(self.now), encoding="utf-8")
        new.rename(self.servers.secrets_dir / "database-login")

    def revoke(self, login: tuple[str, str]) -> bool:
        """End it as Vault does; whether it is refused from then on."""
        user, password = login
        self.servers.psql(END.format(user=user))
        self.servers.psql(f'DROP ROLE "{user}"')
        port = self.servers.database_port
        try:
            psycopg.connect(host="127.0.0.1", port=port, dbname=DATABASE, user=user, password=password).close()
        except psycopg.OperationalError:
            return True
        return False

    def seen(self) -> None:
        """Which users are connected."""
        users = self.servers.psql("SELECT DISTINCT usename FROM pg_stat_activity WHERE usename LIKE 'v-web-%'")
        self.used.update(users.split())


@dataclass
class Load:
    """Clients that write one after the other, each on a connection of its own."""

    port: int
    token: str
    answers: Counter[str] = field(default_factory=Counter)
    ended: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Until `ended`."""
        while not self.ended.is_set():
            self.answers[self._write()] += 1

    def _write(self) -> str:
        client = HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        try:
            client.request("POST", "/api/v1/todos", f'{{"title": "{TITLE}"}}', headers)
            answer = client.getresponse()
            answer.read()
        except (OSError, HTTPException) as error:
            return type(error).__name__
        else:
            return str(answer.status)
        finally:
            client.close()


@contextmanager
def writes_slowly() -> Iterator[None]:
    """Todos of TITLE take SLOW seconds inside their transaction."""
    table = Todo._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(TRIGGER.format(slow=SLOW, table=table, title=TITLE))
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TRIGGER slow_write ON {table}; DROP FUNCTION slow_write()")


@contextmanager
def clients(load: Load) -> Iterator[None]:
    """CLIENTS of them at work."""
    threads = [threading.Thread(target=load.run, daemon=True) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        load.ended.set()
        for thread in threads:
            thread.join(60)


def probe(run: FaultRun, *, servers: Servers, folder: Path, user: User) -> None:
    own = replace(servers, secrets_dir=folder / "secrets")
    shutil.copytree(servers.secrets_dir, own.secrets_dir)
    (own.secrets_dir / "database-password").unlink()  # nothing but the login opens the database
    logins = Logins(own)
    logins.issue()
    token = token_create(user=user, name="", now=timezone.now()).text
    let_in = 0
    defect = "login-kept" if run.defective else ""
    with writes_slowly(), serving(own.environment(), port=free_port(), defect=defect) as port:
        load = Load(port, token)
        with clients(load):
            time.sleep(PAUSE)
            for _ in range(run.rounds):
                old = logins.now
                logins.issue()
                time.sleep(GRACE)
                logins.seen()
                let_in += not logins.revoke(old)
                time.sleep(PAUSE)
    logins.revoke(logins.now)
    failed = sum(number for answer, number in load.answers.items() if answer != "201")
    unused = 0 if run.defective else run.rounds - len(logins.used)
    note = f"{run.rounds} logins, answers {dict(load.answers)}, {let_in} old ones let in, {unused} new ones unused"
    run.verdict(n=load.answers.total(), failures=failed + let_in + max(0, unused), note=note)


def test_promise_holds(fault_run: FaultRun, servers: Servers, tmp_path: Path, make_user: Callable[..., User]) -> None:
    probe(fault_run, servers=servers, folder=tmp_path, user=make_user())


def test_defect_turns_it_red(
    fault_run: FaultRun, servers: Servers, tmp_path: Path, make_user: Callable[..., User]
) -> None:
    probe(fault_run, servers=servers, folder=tmp_path, user=make_user())
