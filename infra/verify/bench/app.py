"""Figures of the service, measured where it lives: `python -m tests.bench` in `app`, by the image's interpreter."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from infra.lib.errors import SlipwayError
from infra.lib.paths import REPOSITORY, cache_dir
from infra.lib.process import run, tail
from infra.verify.bench.figure import Desk, Figure, Goal, Value

APP = REPOSITORY / "app"
# Debian's, which the image is made of; others are built without its optimisations and a third slower.
INTERPRETER = Path("/usr/bin/python3.11")
DEADLINE = 15 * 60.0
HAND_WRITTEN = "1: psycopg and orjson by hand with the same authentication query"
LIST_BOUND = (
    "bound by Python: 30 % of a call waits for PostgreSQL in 2 waits, as the limit's does; the rest is what the limit"
    " has not: Django's handler, middleware, signals and cursors, the pool, the request log, metrics and pydantic"
)
CREATE_BOUND = (
    "bound by PostgreSQL and the ORM: 48 % of a call waits in 3 waits (token; BEGIN and both INSERTs; COMMIT), where"
    " the limit has 2; the rest is what bounds list, and Django's save with its signals"
)
HTTP_BOUND = "bound by what service and peer share: gunicorn's loop, threads and parsing, half of the service's time"
ASCII_BOUND = (
    "bound by memory: looking up each word takes 50 us of a quiet core's 130, the passes over the text the rest"
)
PLAIN = "1: plain Django REST framework on the same tables, measured in turn"


def interpreter() -> Path:
    """A virtual environment of the image's Python and the locked packages; without that Python, our own."""
    if not INTERPRETER.exists() or shutil.which("uv") is None:
        return Path(sys.executable)
    folder = cache_dir() / "bench-venv"
    run(
        ["uv", "sync", "--frozen", "--no-dev", "--package", "slipway-todo-app", "--python", INTERPRETER],
        log=cache_dir() / "logs" / "bench-venv.log",
        deadline=300,
        env={"UV_PROJECT_ENVIRONMENT": str(folder), "UV_PYTHON_DOWNLOADS": "never"},
        cwd=REPOSITORY,
    )
    return folder / "bin" / "python"


def measured(name: str) -> Callable[[Desk], Mapping[str, Value]]:
    """One module of `app/tests/bench`; its lines are rows."""

    def measure(_: Desk) -> Mapping[str, Value]:
        log = cache_dir() / "logs" / f"bench-{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as errors:
            try:
                done = subprocess.run(
                    [interpreter(), "-m", "tests.bench", name],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    cwd=APP,
                    env={**os.environ, "PYTHONPATH": str(APP)},
                    timeout=DEADLINE,
                    check=False,
                )
            except subprocess.TimeoutExpired as error:
                raise SlipwayError(f"{name} was not measured within {DEADLINE:.0f} s, see {log}") from error
        if done.returncode != 0:
            raise SlipwayError(f"{name}: {' '.join(tail(log, 1))}, see {log}")
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        return {row["id"]: Value(value=float(f"{row['value']:.3g}"), note=row["note"]) for row in rows}

    return measure


def _figure(name: str, title: str, *goals: Goal) -> Figure:
    return Figure(id=name, group="app", title=title, goals=goals, measure=measured(name))


SERVICE: tuple[Figure, ...] = (
    _figure(
        "list",
        "a page of 20 todos on the routed URL",
        Goal(id="list", unit="x peer", at_least=3.5, peer=PLAIN, limit="see list_limit", bound=LIST_BOUND),
        Goal(id="list_limit", unit="x limit", at_most=2.5, limit=HAND_WRITTEN, bound=LIST_BOUND),
    ),
    _figure(
        "create",
        "a todo with moderation and its event",
        Goal(id="create", unit="x peer", at_least=1.5, peer=PLAIN, limit="see create_limit", bound=CREATE_BOUND),
        Goal(id="create_limit", unit="x limit", at_most=3, limit=HAND_WRITTEN, bound=CREATE_BOUND),
    ),
    _figure(
        "moderate",
        "10 kB against 100,000 words, folding included",
        Goal(
            id="moderate_ascii",
            unit="us",
            at_most=150,
            limit="21 us: hyperscan without folding (performance.md)",
            bound=ASCII_BOUND,
        ),
        Goal(id="moderate_mixed", unit="us", at_most=1500, limit="392 us: one str.translate (performance.md)"),
        Goal(id="moderate", unit="x peer", at_least=1000, peer="1: a regex alternation of the words", limit="-"),
    ),
    _figure(
        "report",
        "violations by user at 10 million violations",
        Goal(id="report", unit="ms", at_most=20, limit="two index reads of a page"),
        Goal(id="report_growth", unit="x the time at 100 k", at_most=1.3, limit="1: counters, not the log"),
    ),
    _figure(
        "list_scale",
        "a page of todos at 10 million todos",
        Goal(id="list_scale", unit="x the time at 10 k", at_most=1.2, limit="1: an index by owner"),
    ),
    _figure(
        "http",
        "lists a second under gunicorn",
        Goal(
            id="http", unit="x peer", at_least=3, peer=PLAIN, limit="9,100/s: gunicorn, constant body", bound=HTTP_BOUND
        ),
    ),
    _figure(
        "worker_mem",
        "memory of a worker",
        Goal(id="worker_mem", unit="MB", at_most=140, limit="20 MB: an empty Python with Django"),
    ),
)
