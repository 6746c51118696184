"""Figures of single commands that need no instance of their own, and of the engines."""

import os
import shutil
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from infra.engine.api import ENVIRONMENTS
from infra.lib.paths import REPOSITORY, cache_dir
from infra.lib.process import run
from infra.verify.bed import Bed
from infra.verify.bench.figure import Desk, Figure, Goal, Value
from infra.verify.ports import free_port


def render_all(desk: Desk) -> Mapping[str, Value]:
    """Every stack in every environment: one `slipway render` an environment, as many at a time as there are cores."""
    cores = len(os.sched_getaffinity(0))

    def render(environment: str) -> None:
        run(
            [sys.executable, "-m", "infra.slipway", "render", "--env", environment, "--out", desk.folder / environment],
            log=cache_dir() / "logs" / f"bench-render_all-{environment}.log",
            deadline=120,
            cwd=REPOSITORY,
        )

    begin = time.monotonic()
    with ThreadPoolExecutor(cores) as pool:
        list(pool.map(render, ENVIRONMENTS))
    seconds = time.monotonic() - begin
    manifests = len(list(desk.folder.rglob("*.yaml")))
    if not manifests:
        return {"render_all": Value(value=None, note="no manifest was written")}
    counted = f"{manifests} manifests, {len(ENVIRONMENTS)} environments, 3 stacks, {cores} at a time"
    note = f"{counted}; most of it is the import of pulumi_kubernetes, once an environment"
    return {"render_all": Value(value=round(seconds, 1), note=note)}


def check(_: Desk) -> Mapping[str, Value]:
    """`make check` to its end; one that fails is no measurement."""
    begin = time.monotonic()
    run(["make", "check"], log=cache_dir() / "logs" / "bench-check.log", deadline=20 * 60, cwd=REPOSITORY)
    return {"check": Value(value=round(time.monotonic() - begin, 1))}


def engines(desk: Desk) -> Mapping[str, Value]:
    """The time of a warm `up` with our engine over that with the official one."""
    if shutil.which("pulumi") is None:
        return {"engines": Value(value=None, note="no Pulumi CLI")}
    seconds = {}
    for engine in ("direct", "pulumi"):
        bed = Bed(name=engine, port=free_port(), env={"ENGINE": engine})
        desk.report(f"up with ENGINE={engine}")
        try:
            seconds[engine] = bed.up().seconds
        finally:
            bed.call("down", "--yes", deadline=180)
    note = f"direct {seconds['direct']:.0f} s, pulumi {seconds['pulumi']:.0f} s"
    return {"engines": Value(value=round(seconds["direct"] / seconds["pulumi"], 2), note=note)}


RENDER = Figure(
    id="render_all",
    group="app",
    title="all manifests of all stacks and environments",
    goals=(Goal(id="render_all", unit="s", at_most=10, limit="4 x 0.3 s: importing the Pulumi SDK (performance.md)"),),
    measure=render_all,
)
CHECK = Figure(
    id="check",
    group="app",
    title="the gate that needs nothing running",
    goals=(Goal(id="check", unit="s", at_most=300, limit="mypy and pytest once over the tree"),),
    measure=check,
)
ENGINES = Figure(
    id="engines",
    group="platform",
    title="our engine against the official one",
    goals=(Goal(id="engines", unit="x", at_most=1, peer="1: Pulumi's own engine", limit="the cluster's readiness"),),
    measure=engines,
)
