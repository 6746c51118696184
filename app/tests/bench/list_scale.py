"""`list_scale`: the same page of the same user among 10,000 and among 10,000,000 todos."""

import os
from typing import Any

from tests.bench import seed
from tests.bench.call import caller
from tests.bench.people import person
from tests.bench.rounds import Times, interleaved
from tests.servers import Servers

SMALL, LARGE = 10_000, int(os.environ.get("BENCH_ROWS", "10_000_000"))
PER_OWNER = 1000


def measure(running: Servers) -> list[dict[str, Any]]:
    """Each time beside a request that reads no todo, so that a drifting machine is not taken for growth."""
    one = person("scaled", todos=60)
    sides = {
        "page": caller("GET", "/api/v1/todos", token=one.token, status=200),
        "control": caller("GET", "/api/v1/auth/me", token=one.token, status=200),
    }
    with seed.superuser(running) as opened:
        found: list[Times] = []
        before = 0
        for rows in (SMALL, LARGE):
            owner = seed.key(f"(n / {PER_OWNER})")
            seed.users(opened, first=before // PER_OWNER + bool(before), last=rows // PER_OWNER)
            values = {"id": seed.KEY, "owner_id": owner}
            seed.copies(opened, "todos_todo", first=before + 1, last=rows, values=values)
            seed.settled(opened, "todos_todo")
            before = rows
            found.append(interleaved(sides))
        opened.execute("TRUNCATE todos_todo CASCADE")
    small, large = found
    grown = large.ratio("page", "control") / small.ratio("page", "control")
    note = f"at {SMALL}: {small.told()}; at {LARGE}: {large.told()}"
    return [{"id": "list_scale", "value": grown, "note": note}]
