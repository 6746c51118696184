"""`images`: which there are, where they are used from, and building them without a cluster."""

import json
import sys
from datetime import UTC, datetime

from rich.table import Table

from infra.images import api
from infra.lib import gotool
from infra.lib.paths import cache_dir
from infra.slipway import steps, views
from infra.slipway.plan import Step, Work
from infra.slipway.session import Session
from infra.slipway.status import duration


def run(session: Session, *, build: bool) -> None:
    """A row an image; with `build` the tools and images come first."""
    if build:
        with views.viewer(as_json=session.options.json) as viewer:
            steps.execute(plan(), viewer=viewer, logs=cache_dir() / "logs", timings=session.timings)
    rows = api.status(datetime.now(UTC))
    if session.options.json:
        for row in rows:
            told = {"name": row.name, "reference": row.reference, "bytes": row.size, "cached": row.cached}
            sys.stdout.write(json.dumps(told) + "\n")
        return
    table = Table("image", "reference", "MB", "built", box=None)
    for row in rows:
        size = f"{row.size / 1e6:.0f}" if row.size is not None else ""
        built = f"{duration(row.age.total_seconds())} ago" if row.age is not None else "no"
        table.add_row(row.name, row.reference, size, built)
    views.console().print(table)


def plan() -> tuple[Step, ...]:
    """The node program and every image a cluster runs."""

    def tools(work: Work) -> str:
        return gotool.ensure("node", report=work.report, log=work.log).parent.name

    def image(name: str) -> Step:
        def act(work: Work) -> str:
            archive = api.ensure([name], report=work.report, log_dir=work.log.parent)[name]
            return f"{archive.stat().st_size / 1e6:.0f} MB"

        return Step(name=f"image {name}", action=act, deadline=40 * 60, needs=("tools",))

    return (Step(name="tools", action=tools, deadline=40 * 60), *(image(name) for name in api.refs()))
