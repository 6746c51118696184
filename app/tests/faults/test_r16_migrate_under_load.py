"""R16: every migration of ours while old code works and a reader keeps a transaction open.

Each migration has a database of its own as it was before, with two threads of the old version's requests, one of the
new version's once it is through, and a reader that has looked at every table and stays in its transaction. New code
never meets the old schema: the chart migrates before a rollout, and a pod is ready only when its migrations are there.
"""

import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from django.db import Error as DatabaseError
from django.db import connection, connections
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ProjectState
from psycopg import sql

from tests.faults.harness import Fault, FaultRun
from tests.migrations.load import LOCK_WAIT_MOST, Load, database_alias
from tests.servers import ROLE, Servers
from todo_app.common import patience
from todo_app.common.shards import on_shard

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]
FAULT = Fault(
    id="R16",
    title="migrate-under-load",
    promise=f"no request fails and none waits {LOCK_WAIT_MOST} for a lock, before, during and after each migration",
    defect="a migrator that waits for its locks as long as it takes",
)
AT_ONCE = 8
AFTERWARDS = 0.7  # seconds of old and new code side by side on the new schema
# the twin takes some that need a strong lock on a table in use
STRONG = {"accounts.0002_scopes_and_epoch", "todos.0002_tags_assignee_priority_due", "outbox.0002_relay_columns"}
# what old code may not do for a moment, and why that is no outage
SPARED = {
    "moderation.0003_words_folded": "no word is added meanwhile: only administrators do, and the old code knows no"
    " folded form for a column that must never be empty",
}


@dataclass(kw_only=True)
class Step:
    """A migration, its database, and the models before it."""

    migration: Migration
    database: str
    before: ProjectState

    @property
    def name(self) -> str:
        """`app.name`."""
        return f"{self.migration.app_label}.{self.migration.name}"


def fresh(state: ProjectState) -> ProjectState:
    """Without models: those of a clone are shared, and a migration changes them under the threads that use them."""
    return ProjectState(models={key: model.clone() for key, model in state.models.items()}, real_apps=state.real_apps)


@contextmanager
def steps(servers: Servers, wanted: set[str]) -> Iterator[list[Step]]:
    """One database for each migration of ours (or those wanted), as it was just before."""
    found: list[Step] = []
    servers.psql(f"CREATE DATABASE r16_walk OWNER {ROLE}")
    try:
        with database_alias(servers, "r16_walk") as alias, on_shard(alias):
            executor = MigrationExecutor(connection)
            full = executor.migration_plan(executor.loader.graph.leaf_nodes(), clean_start=True)
            executor.recorder.ensure_schema()
            state = executor._create_project_state()  # type: ignore[attr-defined]  # not in the stubs
            for migration, _ in full:
                step = Step(migration=migration, database=f"r16_{len(found)}", before=fresh(state))
                if migration.__module__.startswith("todo_app.") and (not wanted or step.name in wanted):
                    connection.close()
                    servers.psql(f"CREATE DATABASE {step.database} TEMPLATE r16_walk OWNER {ROLE}")
                    found.append(step)
                state = executor.migrate(None, plan=[(migration, False)], state=state)
        yield found
    finally:
        for name in ("r16_walk", *(step.database for step in found)):
            servers.psql(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def reader(database: str, seconds: float) -> Iterator[None]:
    """A transaction that has read every table and goes on for so long, whatever happens meanwhile."""
    entry = connections.settings[database]
    ready, end = threading.Event(), threading.Event()

    def read() -> None:
        with psycopg.connect(
            host=entry["HOST"], port=entry["PORT"], dbname=database, user=entry["USER"], password=entry["PASSWORD"]
        ) as opened:
            opened.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            opened.execute("SET idle_in_transaction_session_timeout = 0")  # the role's own limit is 30 s
            tables = opened.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            for (table,) in tables:
                opened.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)))
            ready.set()
            end.wait(seconds)
            opened.rollback()

    thread = threading.Thread(target=read)
    thread.start()
    assert ready.wait(30), "the reader does not read"
    try:
        yield
    finally:
        end.set()
        thread.join(30)


def ended(threads: list[threading.Thread]) -> None:
    """All of them."""
    for thread in threads:
        thread.join(30)


def under_load(servers: Servers, step: Step, seconds: float) -> tuple[int, list[str]]:
    """Requests sent, and what failed."""
    reason = getattr(sys.modules[step.migration.__module__], "ONE_WAY", "")
    wrong = [] if reason or all(item.reversible for item in step.migration.operations) else ["neither way is told"]
    with database_alias(servers, step.database) as alias, ExitStack() as stack:
        load = Load(alias, words=step.name not in SPARED)
        threads = [threading.Thread(target=load.run, args=(step.before.apps,)) for _ in range(2)]
        stack.callback(ended, threads)
        stack.callback(load.stop.set)
        for thread in threads:
            thread.start()
        assert load.first.wait(60), f"{step.name}: no request"
        with reader(alias, seconds), on_shard(alias):
            after = patiently_migrated(step)
            connection.close()
        if isinstance(after, str):
            wrong.append(after)
        else:
            threads.append(threading.Thread(target=load.run, args=(fresh(after).apps,)))
            threads[-1].start()
            load.stop.wait(AFTERWARDS)
    return load.requests, [f"{step.name}: {text}" for text in (*wrong, *load.failures)]


def patiently_migrated(step: Step) -> Any:  # noqa: ANN401 - the state afterwards, or what went wrong
    """As `bootstrap` does it."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
    executor = MigrationExecutor(connection)
    same = next(item for key, item in executor.loader.disk_migrations.items() if ".".join(key) == step.name)
    try:
        return patience.patiently(lambda: executor.migrate(None, plan=[(same, False)], state=fresh(step.before)))
    except (DatabaseError, patience.TableBusy) as error:
        return f"{type(error).__name__}: {error}"


def probe(run: FaultRun, servers: Servers) -> None:
    wanted = STRONG if run.defective else set[str]()
    with steps(servers, wanted) as found, ThreadPoolExecutor(AT_ONCE) as pool:
        assert len(found) == len(STRONG) if run.defective else len(found) >= 24
        told = list(pool.map(lambda step: under_load(servers, step, run.rounds), found))
    wrong = [text for _, failed in told for text in failed]
    fewest = min(number for number, _ in told)
    note = f"{len(found)} migrations, a reader of {run.rounds} s, at least {fewest} requests each; {wrong[:5]}"
    run.verdict(n=sum(number for number, _ in told), failures=len(wrong), note=note)


def test_promise_holds(fault_run: FaultRun, servers: Servers) -> None:
    probe(fault_run, servers)


def test_defect_turns_it_red(fault_run: FaultRun, servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "LOCK_WAIT", "0")
    probe(fault_run, servers)
