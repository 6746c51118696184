"""Figure `rotate`: users of a service whose logins change every half minute."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from infra.verify.bench.figure import Desk, Figure, Goal, Value
from infra.verify.vault.rotation import rotate

# A lease of 40 s gives a new login every 29 s.
TTL, SECONDS, RATE = 40, 600.0, 50.0


def _measure(desk: Desk) -> Mapping[str, Value]:
    desk.report(f"rotate: {SECONDS / 60:.0f} minutes at {RATE:.0f} requests/s")
    # PostgreSQL's own user may not enter the desk's folder.
    with tempfile.TemporaryDirectory(prefix="slipway-rotation-") as name:
        rotated = rotate(Path(name), ttl=TTL, seconds=SECONDS, rate=RATE)
    wrong = rotated.wrong()
    note = "; ".join([*wrong, rotated.note])
    return {"rotate": Value(value=float(rotated.tally.failures + len(wrong)), note=note)}


ROTATE = Figure(
    id="rotate",
    group="platform",
    title="logins of the database change every half minute",
    goals=(
        Goal(
            id="rotate",
            unit="failed requests and broken promises",
            at_most=0.0,
            limit="0: a new login is there before the old one ends",
        ),
    ),
    measure=_measure,
)
