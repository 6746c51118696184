"""`report`: the page of violations by user at 100,000 and at 10,000,000 violations."""

import os
from typing import Any

import orjson
from django.utils import timezone

from tests.bench import seed
from tests.bench.call import caller
from tests.bench.people import person
from tests.bench.rounds import Times, interleaved
from tests.servers import Servers
from todo_app.accounts.models import Role
from todo_app.moderation.checks import TextRefused
from todo_app.moderation.services import word_add
from todo_app.todos.services import todo_create

SMALL, LARGE = 100_000, int(os.environ.get("BENCH_ROWS", "10_000_000"))
PER_USER, WORDS = 100, 50
# as the migration that introduced the counters filled them
COUNTERS = """
TRUNCATE moderation_usertotal, moderation_userwordcount, moderation_daycount;
INSERT INTO moderation_usertotal (user_id, total) SELECT user_id, count(*) FROM moderation_violation GROUP BY 1;
INSERT INTO moderation_userwordcount (user_id, word, count)
    SELECT user_id, word, count(*) FROM moderation_violation, LATERAL (SELECT DISTINCT unnest(words)) AS w (word)
    GROUP BY 1, 2
"""
TABLES = ("moderation_violation", "moderation_usertotal", "moderation_userwordcount", "accounts_user")


def measure(running: Servers) -> list[dict[str, Any]]:
    """Beside a request that reads no violation, so that a drifting machine is not taken for growth."""
    admin = person("reporter", role=Role.ADMIN)
    _one_violation()
    sides = {
        "page": caller("GET", "/api/v1/violations", token=admin.token, status=200),
        "control": caller("GET", "/api/v1/auth/me", token=admin.token, status=200),
    }
    found: list[Times] = []
    with seed.superuser(running) as opened:
        before = 0
        for rows in (SMALL, LARGE):
            seed.users(opened, first=before // PER_USER + bool(before), last=rows // PER_USER)
            values = {
                "id": seed.KEY,
                "user_id": seed.key(f"(n / {PER_USER})"),
                "words": f"array['word-' || n % {WORDS}]",
                "created_on": "now() - n * interval '1 microsecond'",
            }
            seed.copies(opened, "moderation_violation", first=before + 1, last=rows, values=values)
            for statement in COUNTERS.split(";"):
                opened.execute(statement)
            seed.settled(opened, *TABLES)
            before = rows
            page = orjson.loads(sides["page"]())["data"]
            if len(page) != 20 or sum(row["total"] for row in page) < 19 * PER_USER:
                raise AssertionError(f"the page is not that of the seeded log: {page[:2]}")
            found.append(interleaved(sides))
        opened.execute("TRUNCATE moderation_violation, moderation_usertotal, moderation_userwordcount CASCADE")
    small, large = found
    grown = large.ratio("page", "control") / small.ratio("page", "control")
    note = f"at {SMALL}: {small.told()}; at {LARGE}: {large.told()}"
    return [
        {"id": "report", "value": large.median("page") / 1000, "note": note},
        {"id": "report_growth", "value": grown, "note": note},
    ]


def _one_violation() -> None:
    """The row that the seeded ones are copies of."""
    word_add(word="zebrastripe", severity=2, now=timezone.now())
    try:
        todo_create(owner=person("refused").user, title="zebrastripe", now=timezone.now())
    except TextRefused:
        return
    raise AssertionError("nothing was refused")
