"""R17: five migrators at once on an empty database, one of them killed."""

import os
import subprocess
import sys
import time

import pytest
from django.conf import settings

from tests.faults.harness import Fault, FaultRun
from tests.servers import ROLE, Servers

pytestmark = pytest.mark.integration
FAULT = Fault(
    id="R17",
    title="migrators race, one is killed",
    promise="one migrates, the others wait and end with 0; one schema, no invalid index",
    defect="migrators that take no advisory lock",
)
MIGRATORS = 5
UNLOCKED = (
    "from contextlib import nullcontext; from todo_app.moderation.management.commands import bootstrap;"
    "bootstrap.Command._alone = lambda self: nullcontext();"
)
RUN = "import sys; {defect} from config.commands import main; sys.exit(main(['migrate']))"
INVALID = "SELECT count(*) FROM pg_index WHERE NOT indisvalid"
APPLIED = "SELECT count(*), count(DISTINCT (app, name)) FROM django_migrations"


def one_race(servers: Servers, run: FaultRun, database: str) -> int:
    """How many of the promises broke."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("TODO_", "DJANGO_"))}
    environment = {**clean, **servers.environment(), "TODO_DATABASE_NAME": database}
    environment |= {"DJANGO_SETTINGS_MODULE": "config.settings"}
    defect = "import django; django.setup(); " + UNLOCKED if run.defective else ""
    command = [sys.executable, "-c", RUN.format(defect=defect)]
    servers.psql(f"CREATE DATABASE {database} OWNER {ROLE}")
    try:
        racers = [
            subprocess.Popen(
                command, env=environment, cwd=settings.BASE_DIR, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            for _ in range(MIGRATORS)
        ]
        time.sleep(run.random.uniform(3.0, 8.0))
        racers[0].kill()
        codes = [racer.wait(180) for racer in racers[1:]]
        racers[0].wait(10)
        rows, distinct = _ask(servers, database, APPLIED).split("|")
        invalid = _ask(servers, database, INVALID)
        return sum(code != 0 for code in codes) + (rows != distinct) + (invalid != "0") + (int(rows) < 20)
    finally:
        servers.psql(f"DROP DATABASE {database} WITH (FORCE)")


def _ask(servers: Servers, database: str, statement: str) -> str:
    return servers.psql(statement, database=database)


def probe(run: FaultRun, servers: Servers) -> None:
    broken = sum(one_race(servers, run, f"todo_race_{number}") for number in range(run.rounds))
    run.verdict(
        n=run.rounds * MIGRATORS, failures=broken, note=f"{run.rounds} races of {MIGRATORS}, one killed in each"
    )


def test_promise_holds(fault_run: FaultRun, servers: Servers) -> None:
    probe(fault_run, servers)


def test_defect_turns_it_red(fault_run: FaultRun, servers: Servers) -> None:
    probe(fault_run, servers)
