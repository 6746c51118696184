"""Faults of the mesh, on an instance of profile full: callers without certificate, undeclared, or while istiod dies.

A defect is arranged in the cluster by the probe itself, as somebody with the rights to would weaken the mesh.
"""

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from infra.components.mesh_guard import MEMBER
from infra.components.mesh_guard import SIDECAR as SIDECAR_GUARD
from infra.verify.bed import Bed
from infra.verify.faults.fault import Fault, Site, hold
from infra.verify.mesh import checks, jobs, leaving, plan, pods
from infra.verify.policies.watching import watching

SHOWN = 6
# Until every proxy has a changed rule, and its pooled connections are gone.
SPREAD = 6.0
UNGUARDED = "mesh-guard-only-records"
PERMISSIVE, OPEN, ALLOW_ANY, UNDECLARED, OLD_SIDECAR = (
    "mesh-permissive",
    "mesh-allows-all",
    "mesh-lets-out",
    "mesh-no-scraper",
    "sidecar-not-native",
)
FIELDS = {"apiVersion": "security.istio.io/v1"}


def _patch(bed: Bed, kind: str, namespace: str, name: str, spec: dict[str, Any]) -> None:
    bed.kubectl("-n", namespace, "patch", kind, name, "--type=merge", "-p", json.dumps({"spec": spec}))


def _apply(bed: Bed, body: dict[str, Any]) -> None:
    """Store an object that weakens the mesh, which the policy on that would refuse."""
    asked = {**body, "metadata": {**body["metadata"], "name": "asked"}}
    with watching(bed, "mesh-strict", asked):
        bed.kubectl("apply", "-f", "-", given=json.dumps(body))


@contextlib.contextmanager
def weakened(site: Site, defect: str, do: Callable[[], object], undo: Callable[[], object]) -> Iterator[None]:
    """The defect for the block, when this round is the twin."""
    if site.defect != defect:
        yield
        return
    do()
    time.sleep(SPREAD)
    try:
        yield
    finally:
        undo()
        time.sleep(SPREAD)


def _none(found: Iterator[str]) -> None:
    listed = list(islice(found, SHOWN))
    hold(not listed, f"{len(listed)} or more: " + "; ".join(listed))


@contextlib.contextmanager
def probes(bed: Bed, *who: str) -> Iterator[list[pods.Who]]:
    """Probes of these identities, or of everyone, for the block."""
    with asking(bed, [each for each in checks.everyone() if not who or each.name in who]) as chosen:
        yield chosen


@contextlib.contextmanager
def asking(bed: Bed, chosen: list[pods.Who]) -> Iterator[list[pods.Who]]:
    """Their probes for the block."""
    pods.start(bed, chosen)
    try:
        yield chosen
    finally:
        pods.stop(bed, chosen)


def plaintext(site: Site) -> None:
    """R39: no port of a member speaks to a caller without a valid certificate, or with somebody else's.

    Asked from each namespace that is not the mesh's, and as two who have identities of it.
    """
    bed = site.bed
    known = [each for each in checks.everyone() if each.name in {"stranger outside", "gateway", "prometheus"}]

    def mode(name: str) -> None:
        _patch(bed, "peerauthentication", "istio-system", "default", {"mtls": {"mode": name}})

    with (
        asking(bed, [*known, *checks.elsewhere()]) as who,
        weakened(site, PERMISSIVE, lambda: mode("PERMISSIVE"), lambda: mode("STRICT")),
    ):
        _none(checks.of_sidecars(bed, checks.OUTSIDE))
        _none(checks.of_istiod(bed, checks.OUTSIDE))
        _none(checks.plaintext(bed, who))


def call_graph(site: Site) -> None:
    """R40: each caller on each port, by each method on each declared path, is answered as the service graph says.

    Where the mesh cannot refuse, what is declared has to be answered; the rest is named in the result.
    """
    bed = site.bed

    def allow() -> None:
        policy = {**FIELDS, "kind": "AuthorizationPolicy", "metadata": {"name": "allow-all", "namespace": "todo"}}
        _apply(bed, {**policy, "spec": {"rules": [{}]}})

    def undo() -> None:
        bed.kubectl("-n", "todo", "delete", "authorizationpolicy", "allow-all", "--ignore-not-found")

    with probes(bed) as who, weakened(site, OPEN, allow, undo):
        _none(checks.call_graph(bed, who))
        _none(checks.tricks(bed))


def left() -> tuple[str, ...]:
    """What R40 asks nobody, and why."""
    beyond = list(plan.outside().values())
    return (*plan.plan(checks.everyone()).not_judged(), *(f"{why}: {beyond.count(why)} edges" for why in {*beyond}))


def egress(site: Site) -> None:
    """R41, the mesh's part: what is no Service and no ServiceEntry cannot be reached through a sidecar."""
    bed = site.bed
    sidecar = {"apiVersion": "networking.istio.io/v1", "kind": "Sidecar"}
    loose = {
        "metadata": {"name": "loose", "namespace": "todo"},
        "spec": {"outboundTrafficPolicy": {"mode": "ALLOW_ANY"}},
    }

    def undo() -> None:
        bed.kubectl("-n", "todo", "delete", "sidecar", "loose", "--ignore-not-found")

    with (
        probes(bed, "test", "stranger outside") as who,
        weakened(site, ALLOW_ANY, lambda: _apply(bed, sidecar | loose), undo),
    ):
        _none(checks.egress(bed, who))


def scrape(site: Site) -> None:
    """R42: kubelet's probes pass and Prometheus's identity is given the metrics, under STRICT; nobody else is."""
    bed = site.bed
    spec = json.loads(bed.kubectl("-n", "todo", "get", "authorizationpolicy", "todo-app-relay", "-o", "json"))["spec"]

    def rules(to: object) -> None:
        _patch(bed, "authorizationpolicy", "todo", "todo-app-relay", {"rules": to})

    with (
        probes(bed, "prometheus"),
        weakened(site, UNDECLARED, lambda: rules(None), lambda: rules(spec["rules"])),
    ):
        _none(checks.scrape(bed))
    hold(not bed.unhealthy(), f"probes fail: {bed.unhealthy()}")


def job_completes(site: Site) -> None:
    """R43: a Job whose pod has a sidecar ends soon after its own container, which found the mesh ready."""
    name = f"probe-{site.number}"
    _none(jobs.ended(site.bed, name, native=site.defect != OLD_SIDECAR))


def leave(site: Site) -> None:
    """R36, the mesh's part: nobody but who could end the rules takes a namespace or a pod out of it."""
    bed = site.bed

    def action(what: str) -> None:
        for name in (MEMBER, SIDECAR_GUARD):
            _patch(bed, "validatingadmissionpolicybinding", "default", name, {"validationActions": [what]})

    with leaving.somebody(bed), weakened(site, UNGUARDED, lambda: action("Audit"), lambda: action("Deny")):
        _none(leaving.got_out(bed))


MESH: tuple[Fault, ...] = (
    Fault(
        id="R36-mesh",
        title="ways out of the mesh: a namespace's label, a pod's own or changed sidecar",
        promise="each refused to who may change namespaces and pods; a smaller profile may take the label off",
        tier="full",
        defect=UNGUARDED,
        probe=leave,
    ),
    Fault(
        id="R39",
        title="plain text, an ended and a forged certificate, somebody else's identity, from each namespace"
        " to each port in the mesh and of sidecars",
        promise="0 answers but the declared ones; HTTP says 403; a sidecar tells its health and figures, no more",
        tier="full",
        defect=PERMISSIVE,
        probe=plaintext,
    ),
    Fault(
        id="R40",
        title="every identity to every port of every workload, by seven methods, and 18 ways to write a path",
        promise="answered where the service graph declares it, refused where it does not and a sidecar stands",
        tier="full",
        defect=OPEN,
        probe=call_graph,
        not_judged=left,
    ),
    Fault(
        id="R41",
        title="an address nobody declared, from a pod with a sidecar: the mesh's part of it",
        promise="no connection; a pod without sidecar has one, so there is one to be had",
        tier="full",
        defect=ALLOW_ANY,
        probe=egress,
    ),
    Fault(
        id="R42",
        title="metrics under STRICT",
        promise="Prometheus's identity gets them from each target, plain text does not; every probe passes",
        tier="full",
        defect=UNDECLARED,
        probe=scrape,
    ),
    Fault(
        id="R43",
        title="a Job with a sidecar",
        promise="done within 10 s of its own container's end, which reached the database",
        tier="full",
        defect=OLD_SIDECAR,
        probe=job_completes,
    ),
)
