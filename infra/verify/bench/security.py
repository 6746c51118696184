"""Figures of what secures the platform: the policies' own time, what admission adds, what profile standard takes."""

import copy
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from infra.lib.kube import Kube, Object
from infra.lib.paths import REPOSITORY, cache_dir
from infra.lib.process import run
from infra.verify import memory
from infra.verify.bed import Bed
from infra.verify.bench.figure import Desk, Figure, Goal, Value
from infra.verify.openloop import percentile
from infra.verify.policies import admission, corpus, gator
from infra.verify.ports import free_port

MIB = 2**20
HOLD = 150.0
CREATES = 1000
WARM_UP = 20
# Never judged, and otherwise as the app's.
FREE = "admission-free"


@contextmanager
def instance(profile: str) -> Iterator[Bed]:
    """An instance of its own, not up yet; gone at the end."""
    bed = Bed(name=f"b-{profile}", port=free_port(), env={"PROFILE": profile})
    try:
        yield bed
    finally:
        bed.call("down", "--yes", deadline=180)


def judging(desk: Desk) -> Mapping[str, Value]:
    """The part `policies` of `make check`: every suite, and every rendered object of every environment."""
    gator.program(report=desk.report)
    begin = time.monotonic()
    log = cache_dir() / "logs" / "bench-policies.log"
    run([sys.executable, "-m", "ci.policies"], log=log, deadline=300, cwd=REPOSITORY)
    seconds = time.monotonic() - begin
    return {"policies": Value(value=round(seconds, 1), note="rendering all four environments is part of it")}


def standard(desk: Desk) -> Mapping[str, Value]:
    """One life of profile standard beside one of mini: seconds of `up`, memory, what admission adds."""
    with instance("mini") as bed:
        desk.report("build what is not in the cache")
        bed.call("images", "--build", env={"PROFILE": "standard"}, deadline=40 * 60.0)
        desk.report("profile mini: up, a rollout, memory")
        mini = _peak(bed)[0]
    with instance("standard") as bed:
        desk.report("profile standard: up, a rollout, memory")
        whole, seconds = _peak(bed)
        desk.report(f"{CREATES} creates with and without Gatekeeper, in turns")
        added = _added(bed)
    more = (whole - mini) / MIB
    note = f"mini {mini / MIB:.0f} MiB, standard {whole / MIB:.0f} MiB: the control plane's growth is part of it"
    return {
        "up_warm_standard": Value(value=round(seconds, 1)),
        "mem_security": Value(value=round(more) if mini and whole else None, note=note),
        "admission": added,
    }


def full(desk: Desk) -> Mapping[str, Value]:
    """One life of profile full: seconds of `up`, memory."""
    with instance("full") as bed:
        desk.report("build what is not in the cache")
        bed.call("images", "--build", env={"PROFILE": "full"}, deadline=40 * 60.0)
        desk.report("profile full: up, a rollout, memory")
        whole, seconds = _peak(bed)
    note = "anonymous and kernel memory of cluster and pods, highest"
    memory_of_it = Value(value=round(whole / MIB / 1024, 2) if whole else None, note=note)
    return {"up_warm_full": Value(value=round(seconds, 1)), "mem_full": memory_of_it}


def _peak(bed: Bed) -> tuple[int, float]:
    """Bytes at most, from before the API is ready to a while after a rollout; seconds of `up`."""
    with memory.Watch(bed.instance) as watch:
        done = bed.up()
        watch.hold(HOLD / 3)
        bed.kubectl("-n", "todo", "rollout", "restart", "deployment/todo-app-web")
        watch.hold(HOLD * 2 / 3)
    return watch.peak, done.seconds


def _added(bed: Bed) -> Value:
    """p99 of creating a pod where it is judged less p99 where it is not, by dry runs in turns."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    judged = corpus.innocent("Pod")
    free = copy.deepcopy(judged)
    free["metadata"]["namespace"], free["spec"]["serviceAccountName"] = FREE, "default"
    kube = Kube(kubeconfig=bed.instance.kubeconfig)
    try:
        kube.request("POST", "/api/v1/namespaces", body=_namespace(labels))
        bed.wait("a service account", lambda: bool(kube.get("v1", "ServiceAccount", FREE, "default")), deadline=30)
        took: dict[str, list[float]] = {"judged": [], "free": []}
        for _ in range(CREATES + WARM_UP):
            for name, pod in (("judged", judged), ("free", free)):
                begin = time.perf_counter()
                answer = admission.ask(kube, pod)
                took[name].append(time.perf_counter() - begin)
                if not answer.admitted:
                    return Value(value=None, note=f"failed: {answer.message}")
    finally:
        kube.close()
    late, usual = (
        {name: percentile(each[WARM_UP:], share) * 1000 for name, each in took.items()} for share in (0.99, 0.5)
    )
    note = f"p99 {late['judged']:.1f} and {late['free']:.1f} ms"
    note += f", median {usual['judged']:.1f} and {usual['free']:.1f} ms; {os.cpu_count()} cores"
    return Value(value=round(late["judged"] - late["free"], 1), note=note)


def _namespace(labels: dict[str, str]) -> Object:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": FREE, "labels": labels}}


POLICIES = Figure(
    id="policies",
    group="app",
    title="all policies over everything we deploy",
    goals=(Goal(id="policies", unit="s", at_most=20, limit="4 renderings of 2 s each on two cores"),),
    measure=judging,
)
STANDARD = Figure(
    id="standard",
    group="platform",
    title="profile standard beside mini",
    goals=(
        Goal(id="up_warm_standard", unit="s", at_most=180, limit="the up of mini"),
        Goal(
            id="mem_security",
            unit="MiB",
            at_most=900,
            limit="Gatekeeper 181, istiod 52, gateway 30, Vault 31 + its agents 22 each (machine.md)",
        ),
        Goal(id="admission", unit="ms", at_most=25, limit="one loopback call with TLS: 1 ms"),
    ),
    measure=standard,
)
FULL = Figure(
    id="full",
    group="platform",
    title="profile full, with what there is of it",
    goals=(
        Goal(id="up_warm_full", unit="s", at_most=300, limit="the up of standard"),
        Goal(id="mem_full", unit="GiB", at_most=8, limit="standard, and 29 MiB for each pod with a sidecar"),
    ),
    measure=full,
)
