"""Figures of an instance's life: from nothing, from images, once more, and what it takes."""

import json
import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from infra.lib.errors import SlipwayError
from infra.lib.paths import REPOSITORY, cache_dir
from infra.lib.process import capture, run
from infra.verify import disk, memory
from infra.verify.bed import Bed
from infra.verify.bench.figure import Desk, Figure, Goal, Value
from infra.verify.ports import free_port

GB = 10**9
GIB = 2**30
COLD_DEADLINE = 40 * 60.0
AFTER_UP = 300.0
NOT_EMPTY = "Debian packages that were installed already are not part of it"


def cold(desk: Desk) -> Mapping[str, Value]:
    """`make up` in a fresh clone with an empty HOME and cache, downloads included."""
    bed = Bed(name="cold", port=free_port())
    checkout, home = desk.folder / "checkout", desk.folder / "home"
    capture(["git", "clone", "--quiet", REPOSITORY, checkout], deadline=120)
    for folder in (home, desk.folder / "tmp"):
        folder.mkdir()
    kept = [checkout, home, bed.instance.state]
    env = {
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "SLIPWAY_CACHE": str(home / ".cache" / "slipway"),
        "TMPDIR": str(desk.folder / "tmp"),
        "GOENV": capture(["go", "env", "GOENV"]).strip() if _has_go() else "off",
        "SLIPWAY_INSTANCE": bed.name,
        "SLIPWAY_PORT": str(bed.port),
        "YES": "1",
    }
    desk.report("make up in a fresh clone with an empty HOME; 5 to 15 minutes")
    begin = time.monotonic()
    try:
        with disk.Watch([desk.folder, bed.instance.state]) as watch:
            run(
                ["make", "up"],
                log=cache_dir() / "logs" / "bench-up_cold.log",
                deadline=COLD_DEADLINE,
                env=env,
                cwd=checkout,
            )
            seconds = time.monotonic() - begin
        return {
            "up_cold": Value(value=round(seconds, 1), note=NOT_EMPTY),
            "disk_kept": Value(value=round(disk.used(kept) / GB, 2), note="checkout, HOME with the cache, state"),
            "disk_peak": Value(value=round(watch.peak / GB, 2), note="looked every 5 s"),
        }
    finally:
        bed.call("down", "--yes", deadline=180)
        # Go keeps its downloads read-only.
        subprocess.run(["chmod", "-R", "u+w", home], check=False)


def warm(desk: Desk) -> Mapping[str, Value]:
    """Everything built, no cluster: `up` to its end."""
    desk.report("build what is not in the cache")
    desk.stand.bed.call("images", "--build", deadline=COLD_DEADLINE)
    desk.stand.down()
    desk.report("up")
    done = desk.stand.bed.up()
    desk.stand.is_up = True
    return {"up_warm": Value(value=round(done.seconds, 1), note=_slowest(done.out))}


def again(desk: Desk) -> Mapping[str, Value]:
    """`up` on what is up: seconds, and changes in the audit log."""
    bed = desk.stand.up()
    mark = bed.audit.mark()
    if not mark:
        raise SlipwayError(f"{bed.audit.file} is empty: 0 writes would mean nothing")
    done = bed.up()
    writes = bed.audit.writes(since=mark, user="slipway")
    first = (
        f"first: {writes[0].verb} {writes[0].uri}" if writes else "creates, updates, patches, deletes without dryRun"
    )
    return {
        "up_again": Value(value=round(done.seconds, 1)),
        "up_again_writes": Value(value=float(len(writes)), note=first),
    }


def mem(desk: Desk) -> Mapping[str, Value]:
    """From before the API is ready to five minutes after `up`, with a rollout."""
    desk.stand.down()
    bed = desk.stand.bed
    desk.report("up, a rollout, five minutes; memory sampled every second")
    with memory.Watch(bed.instance) as watch:
        bed.up()
        desk.stand.is_up = True
        watch.hold(AFTER_UP / 3)
        bed.kubectl("-n", "todo", "rollout", "restart", "deployment/todo-app-web")
        watch.hold(AFTER_UP * 2 / 3)
    if watch.samples < AFTER_UP / 2:
        return {"mem_mini": Value(value=None, note=f"only {watch.samples} samples saw a cgroup")}
    return {"mem_mini": Value(value=round(watch.peak / GIB, 3), note=f"highest of {watch.samples} samples")}


def _slowest(out: str) -> str:
    """The three longest steps of an `up --json`."""
    ends = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    steps = sorted(
        ((float(e.get("elapsed", 0)), str(e.get("step"))) for e in ends if e.get("event") == "done" and e.get("step")),
        reverse=True,
    )
    return "longest steps: " + ", ".join(f"{name} {seconds:.0f} s" for seconds, name in steps[:3]) if steps else ""


def _has_go() -> bool:
    return any((Path(folder) / "go").exists() for folder in os.environ.get("PATH", "").split(os.pathsep))


COLD = Figure(
    id="up_cold",
    group="platform",
    title="from an empty machine to a service that answers",
    goals=(
        Goal(id="up_cold", unit="s", at_most=600, limit="330 s: the Go builds alone, both cores free (machine.md)"),
        Goal(id="disk_kept", unit="GB", at_most=3, limit="0.15 GB node program + images + wheels"),
        Goal(id="disk_peak", unit="GB", at_most=12, limit="4.6 GB: Go's build cache of the node program"),
    ),
    measure=cold,
)
WARM = Figure(
    id="up_warm",
    group="platform",
    title="from built images to a service that answers",
    goals=(
        Goal(
            id="up_warm",
            unit="s",
            at_most=90,
            limit="12 s: API, node, one pod (machine.md) + start of PostgreSQL and the app",
        ),
    ),
    measure=warm,
)
AGAIN = Figure(
    id="up_again",
    group="platform",
    title="`up` on what is up",
    goals=(
        Goal(id="up_again", unit="s", at_most=10, limit="0.3 s: importing the Pulumi SDK once (performance.md)"),
        Goal(id="up_again_writes", unit="writes", at_most=0, limit="0"),
    ),
    measure=again,
)
MEMORY = Figure(
    id="mem_mini",
    group="platform",
    title="memory of cluster and pods, highest",
    goals=(Goal(id="mem_mini", unit="GiB", at_most=2, limit="0.95 GiB: an idle control plane (machine.md)"),),
    measure=mem,
)
