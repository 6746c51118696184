"""Waiting until the node is of use, and saying what is wrong when it is not."""

import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from infra.cluster import hints
from infra.cluster.embedded import dns, objects, process
from infra.cluster.embedded.addresses import Network
from infra.cluster.embedded.layout import CLUSTER_DOMAIN, Layout
from infra.cluster.rest import Rest, poll
from infra.lib.errors import Exit, SlipwayError
from infra.lib.paths import REPOSITORY
from infra.lib.process import TAIL_LINES, tail
from infra.lib.report import Report

COMPONENTS, NODE, DNS = 120.0, 60.0, 60.0
GIVE_UP = 4  # restarts before a component counts as failing for good


def components(layout: Layout, report: Report, *, names: tuple[str, ...] = ()) -> None:
    """Wait until the named components (all unless named) are running."""
    told = ""

    def ready() -> bool:
        nonlocal told
        entries = _entries(layout, names)
        if not process.alive(layout):
            raise _failure(layout, "supervisor", "is gone", layout.supervisor_log)
        for entry in entries:
            if entry["restarts"] >= GIVE_UP and entry["state"] != "running":
                raise _failure(layout, entry["name"], entry["message"], Path(entry["log"]))
        up = sum(entry["state"] == "running" for entry in entries)
        waiting = next((entry["name"] for entry in entries if entry["state"] != "running"), "")
        if waiting and waiting != told:
            told = waiting
            report(f"wait for {waiting}", done=up / len(entries))
        return bool(entries) and up == len(entries)

    if not poll(ready, deadline=COMPONENTS, pause=0.1):
        late = next(entry for entry in _entries(layout, names) if entry["state"] != "running")
        raise _failure(layout, late["name"], f"is {late['state']} after {COMPONENTS:.0f} s", Path(late["log"]))


def cluster(layout: Layout, network: Network, report: Report, *, dns_image: str) -> None:
    """Wait for API, node, what every pod needs, and DNS; put DNS there first."""
    rest = Rest(host=network.node_ip, pki=layout.pki, user="bootstrap")
    components(layout, report, names=("etcd", "kube-apiserver"))
    objects.restore(rest, dns.objects(network, image=dns_image))
    components(layout, report)
    report("wait for the node to be Ready")
    name = layout.instance.name
    since = float(process.status(layout)["since"])
    node, lease = f"/api/v1/nodes/{name}", f"/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{name}"
    if not poll(lambda: _fresh(rest.get(node), rest.get(lease), since), deadline=NODE):
        reason = _reason(rest.get(node), "Ready")
        raise _failure(layout, "kubelet", f"has no Ready node: {reason}", layout.instance.logs / "kubelet.log")
    report("wait for service accounts")
    default = "/api/v1/namespaces/default"
    needed = (f"{default}/configmaps/kube-root-ca.crt", f"{default}/serviceaccounts/default")
    if not poll(lambda: all(rest.get(path) for path in needed), deadline=NODE):
        log = layout.instance.logs / "kube-controller-manager.log"
        raise _failure(layout, "kube-controller-manager", "makes no service accounts", log)
    report("wait for CoreDNS")
    deployment = f"/apis/apps/v1/namespaces/{dns.NAMESPACE}/deployments/coredns"
    if not (poll(lambda: _rolled_out(rest.get(deployment)), deadline=DNS) and _resolves(layout, network)):
        raise SlipwayError(
            f"CoreDNS did not answer within {DNS:.0f} s",
            hint=hints.kubectl(layout.instance, f"-n {dns.NAMESPACE} describe pods"),
            code=Exit.DEADLINE,
            details=_events(rest),
        )


def _resolves(layout: Layout, network: Network) -> bool:
    """Whether the API server's name has its address, asked from inside: CoreDNS and kube-proxy both work."""
    command = [
        *("nsenter", f"--target={process.alive(layout)}", "--net", "--"),
        *(sys.executable, "-S", "-s", "-m", "infra.cluster.embedded.resolve"),
        *(network.dns_ip, f"kubernetes.default.svc.{CLUSTER_DOMAIN}", str(DNS)),
    ]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    return done.stdout.strip() == network.api_service_ip


def _rolled_out(deployment: Any) -> bool:  # noqa: ANN401 - JSON has no narrower type
    if not deployment:
        return False
    told = deployment.get("status", {})
    return bool(
        told.get("observedGeneration") == deployment["metadata"]["generation"]
        and told.get("updatedReplicas") == told.get("availableReplicas") == deployment["spec"]["replicas"]
    )


def _fresh(node: Any, lease: Any, since: float) -> bool:  # noqa: ANN401 - JSON has no narrower type
    """Whether the node is Ready in the words of this kubelet, not of the one before a restart.

    A new node's first word is its condition, a known node's first word is its lease.
    """
    ready = [c for c in (node or {}).get("status", {}).get("conditions", []) if c["type"] == "Ready"]
    if not ready or ready[0]["status"] != "True":
        return False
    words = (ready[0]["lastHeartbeatTime"], (lease or {}).get("spec", {}).get("renewTime"))
    return any(datetime.fromisoformat(word).timestamp() >= int(since) for word in words if word)


def _reason(thing: Any, kind: str) -> str:  # noqa: ANN401 - JSON has no narrower type
    for entry in (thing or {}).get("status", {}).get("conditions", []):
        if entry["type"] == kind:
            return f"{entry['status']}, {entry.get('message', '')}"
    return "it did not register"


def _events(rest: Rest) -> tuple[str, ...]:
    listed = rest.get(f"/api/v1/namespaces/{dns.NAMESPACE}/events") or {}
    lines = [
        f"{e['involvedObject'].get('name')}: {e.get('reason')}: {e.get('message')}" for e in listed.get("items", [])
    ]
    return tuple(lines[-8:])


def _entries(layout: Layout, names: tuple[str, ...]) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = process.status(layout).get("components", [])
    wanted = [entry for entry in entries if not entry["name"].startswith("forward-")]
    return [entry for entry in wanted if not names or entry["name"] in names]


def _failure(layout: Layout, name: str, what: str, log: Path) -> SlipwayError:
    return SlipwayError(
        f"{name} of instance {layout.instance.name!r} {what}",
        hint=f"less {log}",
        code=Exit.DEADLINE,
        details=telling(tail(log, lines=400)),
    )


def telling(lines: tuple[str, ...]) -> tuple[str, ...]:
    """The lines of a log's end that tell the reason: of a Go panic its head, not its stack."""
    panics = [number for number, line in enumerate(lines) if line.startswith(("panic:", "fatal error:"))]
    return lines[max(0, panics[-1] - 5) : panics[-1] + 2] if panics else lines[-TAIL_LINES:]
