"""R38, N17: who judges is away - killed, hanging, not up yet. Apps are shut, nobody else is, all recovers unaided."""

import contextlib
import json
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from infra.verify.bed import Bed, BedError, kill_group
from infra.verify.faults.cluster import kill_node
from infra.verify.faults.fault import Fault, Site, hold
from infra.verify.faults.mesh import weakened
from infra.verify.mesh import jobs
from infra.verify.pod_processes import processes_of, stopped
from infra.verify.policies import corpus

GATEKEEPER = "gatekeeper-system"
WEBHOOKS, JUDGING = "gatekeeper-validating-webhook-configuration", "validation.gatekeeper.sh"
BACKENDS = ((GATEKEEPER, "gatekeeper-controller-manager"), ("istio-system", "istiod"))
SYSTEM = ("kube-system", "kube-node-lease")
ASLEEP, OPEN = "mesh-asleep", "webhook-fails-open"
# Seconds: apps can be changed again; the webhook hangs; a refusal at most; everything is ready after a cold boot.
RECOVERED, HANGS, ANSWERED, READY = 60.0, 30.0, 15.0, 240.0
# What the API server makes of an object: no policy minds, one does, nobody could be asked, no answer of its own.
ADMITTED, JUDGED, SHUT, AWAY = "admitted", "judged", "shut", "away"


def killed(site: Site) -> None:
    """The pods of every webhook are killed together."""
    bed = site.bed
    if site.defect == ASLEEP:
        for namespace, name in BACKENDS:
            bed.kubectl("-n", namespace, "scale", "deployment", name, "--replicas=0")
    for namespace, _ in BACKENDS:
        bed.kubectl("-n", namespace, "delete", "pods", "--all", "--grace-period=0", "--force", "--wait=false")
    try:
        hold(not jobs.admitted(bed, "todo"), "no outage: the round has no subject")
        hold(jobs.admitted(bed, "default"), "a namespace that is no app's is shut")
        _recovers(bed)
    finally:
        for namespace, name in BACKENDS:
            bed.kubectl("-n", namespace, "scale", "deployment", name, "--replicas=1")
            bed.kubectl("-n", namespace, "rollout", "status", f"deployment/{name}", "--timeout=240s", deadline=250)


def hanging(site: Site) -> None:
    """Gatekeeper's processes are stopped on the node: calls are taken and never answered, until they go on."""
    bed = site.bed
    with weakened(site, OPEN, lambda: _on_failure(bed, "Ignore"), lambda: _on_failure(bed, "Fail")):
        hold(asked(bed, greedy()) == JUDGED, "no policy judged before: the round has no subject")
        with namespace_stopped(bed, GATEKEEPER):
            until = time.monotonic() + HANGS
            while time.monotonic() < until:
                begin = time.monotonic()
                said = asked(bed, greedy())
                seconds = time.monotonic() - begin
                hold(said == SHUT, f"a Deployment without limits is {said} while Gatekeeper hangs")
                hold(seconds <= ANSWERED, f"the refusal took {seconds:.0f} s")
                hold(asked(bed, elsewhere()) == ADMITTED, "a namespace that is no app's is shut")
                _leases_kept(bed)
        _recovers(bed)
        hold(asked(bed, greedy()) == JUDGED, "admitted after the outage")
    with contextlib.suppress(BedError):
        bed.wait("every pod ready", lambda: not bed.unhealthy(), deadline=READY)
    hold(not bed.unhealthy(), f"not ready: {bed.unhealthy()}")


def cold(site: Site) -> None:
    """Everything on the node dies at once; from the API server's first answer on nothing is admitted unjudged."""
    bed = site.bed
    todo = bed.api().add("before the cold boot")
    with weakened(site, OPEN, lambda: _on_failure(bed, "Ignore"), lambda: _back(bed)):
        before = _leases(bed)
        kill_node(bed)
        child = bed.start("start", "--json")
        try:
            _shut_until_judged(bed)
            out, err = child.communicate(timeout=READY)
        finally:
            kill_group(child)
        hold(child.returncode == 0, f"start: {out[-1000:]}{err[-1000:]}")
        with contextlib.suppress(BedError):
            bed.wait("every pod ready", lambda: not bed.unhealthy() and bed.api().has(todo), deadline=READY)
        hold(not bed.unhealthy(), f"not ready: {bed.unhealthy()}")
        hold(bed.api().has(todo), "the todo is lost")
        _recovers(bed)
        now = _leases(bed)
        hold(before.keys() <= now.keys(), f"leases gone: {sorted(before.keys() - now.keys())}")
        _leases_kept(bed)


def _shut_until_judged(bed: Bed) -> None:
    """Ask without pause until a policy answers."""
    seen: Counter[str] = Counter()
    until = time.monotonic() + READY
    while not seen[JUDGED] and time.monotonic() < until:
        said = asked(bed, greedy())
        seen[said] += 1
        hold(said != ADMITTED, f"a Deployment without limits is admitted unjudged, after {dict(seen)}")
        if said == SHUT:
            hold(asked(bed, elsewhere()) != SHUT, "a namespace that is no app's is shut")
        if said == AWAY:
            time.sleep(0.1)
    hold(seen[JUDGED], f"no policy judges {READY:.0f} s after the boot: {dict(seen)}")
    hold(seen[SHUT], f"apps were never shut, the round has no subject: {dict(seen)}")


def _recovers(bed: Bed) -> None:
    try:
        bed.wait("apps can be changed again", lambda: asked(bed, innocent()) == ADMITTED, deadline=RECOVERED)
        bed.wait("apps have new pods again", lambda: jobs.admitted(bed, "todo"), deadline=RECOVERED)
    except AssertionError as error:
        hold(False, str(error))  # noqa: FBT003 - the promise that broke, not a flag


def _back(bed: Bed) -> None:
    """As it was, however far the boot got."""
    bed.wait("the API server", lambda: bool(bed.kubectl("get", "--raw", "/readyz")), deadline=READY)
    _on_failure(bed, "Fail")
    bed.wait("every pod ready", lambda: not bed.unhealthy(), deadline=READY)


def innocent() -> dict[str, Any]:
    """A Deployment that keeps to every policy; no webhook but Gatekeeper's is asked about it."""
    return corpus.innocent("Deployment")


def greedy() -> dict[str, Any]:
    """The same without limits."""
    item = innocent()
    item["spec"]["template"]["spec"]["containers"][0]["resources"].pop("limits")
    return item


def elsewhere() -> dict[str, Any]:
    """The same in a namespace that is no app's."""
    item = greedy()
    item["metadata"]["namespace"] = "default"
    return item


def asked(bed: Bed, item: dict[str, Any]) -> str:
    """What the API server says to making it, once, without making it."""
    words = ("create", "--dry-run=server", "-o", "name", "-f", "-", "--request-timeout=20s")
    try:
        bed.kubectl(*words, given=json.dumps(item))
    except (BedError, subprocess.TimeoutExpired) as error:
        text = str(error)
        if "failed calling webhook" in text:
            return SHUT
        return JUDGED if "denied the request" in text else AWAY
    return ADMITTED


def _on_failure(bed: Bed, what: str) -> None:
    hooks = json.loads(bed.kubectl("get", "validatingwebhookconfiguration", WEBHOOKS, "-o", "json"))["webhooks"]
    [index] = [number for number, each in enumerate(hooks) if each["name"] == JUDGING]
    change = [{"op": "replace", "path": f"/webhooks/{index}/failurePolicy", "value": what}]
    bed.kubectl("patch", "validatingwebhookconfiguration", WEBHOOKS, "--type=json", "-p", json.dumps(change))


@contextlib.contextmanager
def namespace_stopped(bed: Bed, namespace: str) -> Iterator[None]:
    """Every process of the namespace's pods is stopped for the block."""
    found = list(processes_of(bed.objects("pods", "-n", namespace)))
    hold(found, f"no process of {namespace} on the node: the round has no subject")
    with stopped(found):
        yield


def _leases(bed: Bed) -> dict[str, tuple[float, float]]:
    """Name → seconds since it was renewed, and how long it lasts; those that somebody holds."""
    found = {}
    for namespace in SYSTEM:
        for lease in bed.objects("leases", "-n", namespace):
            spec = lease["spec"]
            if spec.get("holderIdentity") and spec.get("renewTime"):
                age = (datetime.now(UTC) - datetime.fromisoformat(spec["renewTime"])).total_seconds()
                found[f"{namespace}/{lease['metadata']['name']}"] = (age, float(spec["leaseDurationSeconds"]))
    return found


def _leases_kept(bed: Bed) -> None:
    ran_out = [
        f"{name}: {age:.0f} s old, lasts {lasts:.0f} s" for name, (age, lasts) in _leases(bed).items() if age > lasts
    ]
    hold(not ran_out, f"leases not renewed: {'; '.join(ran_out)}")


OUTAGES: tuple[Fault, ...] = (
    Fault(
        id="R38",
        title="the pods of all webhooks killed at once",
        promise="apps shut, other namespaces open, recovered unaided within 60 s",
        tier="full",
        defect=ASLEEP,
        probe=killed,
    ),
    Fault(
        id="R38-hang",
        title="Gatekeeper hangs for 30 s: its processes are stopped",
        promise="apps shut within the webhook's time, other namespaces open, no lease missed, back unaided within 60 s",
        tier="full",
        defect=OPEN,
        probe=hanging,
    ),
    Fault(
        id="R38-boot",
        title="a cold boot of the whole control plane",
        promise="nothing admitted unjudged from the API server's first answer on; pods, leases and data back unaided",
        tier="full",
        defect=OPEN,
        probe=cold,
    ),
)
