"""Checks over objects of the cluster; each takes what was listed and returns what it found."""

from collections.abc import Iterable
from datetime import datetime

from lightkube.resources.core_v1 import Namespace, Node

from infra.lib.findings import Finding, Level
from infra.slipway.kube import PodFact

RESTARTS_OF_A_LOOP = 3
# A pod that waits for its image or its node this long is stuck rather than starting (seconds).
PATIENCE = 120.0
# kubelet and containerd need a moment after a pod's grace period before the object goes (seconds).
OVERDUE = 30.0
# Deleting the content of a namespace takes its time; longer than this it hangs (seconds).
DELETION = 60.0


def nodes(listed: Iterable[Node]) -> list[Finding]:
    """Every node Ready and without pressure; a node that is not gets no new pods and loses its old ones."""
    findings = [finding for node in listed for finding in _node(node)]
    if not findings:
        return [Finding("fail", "nodes", "the cluster has no node: no pod can run", "make stop && make start")]
    return findings


def _node(node: Node) -> list[Finding]:
    name = (node.metadata.name if node.metadata else None) or "?"
    conditions = {c.type: c for c in ((node.status.conditions if node.status else None) or [])}
    ready = conditions.get("Ready")
    if ready is None or ready.status != "True":
        said = f"{ready.reason}: {ready.message}" if ready else "it reports no condition"
        return [
            Finding(
                "fail", f"node {name}", f"not ready ({said}): its pods are evicted", ".venv/bin/slipway logs kubelet"
            )
        ]
    pressures = [kind for kind, c in conditions.items() if kind != "Ready" and c.status == "True"]
    if pressures:
        told = f"{', '.join(pressures)}: the node evicts pods until it is gone"
        return [Finding("fail", f"node {name}", told, f".venv/bin/slipway kubectl describe node {name}")]
    return [Finding("ok", f"node {name}", "ready")]


def namespaces(listed: Iterable[Namespace], *, now: datetime) -> list[Finding]:
    """No namespace hangs in deletion; one that does blocks `down` and everything of that name."""
    findings = []
    for namespace in listed:
        name = (namespace.metadata.name if namespace.metadata else None) or "?"
        if namespace.status is None or namespace.status.phase != "Terminating":
            continue
        since = namespace.metadata.deletionTimestamp if namespace.metadata else None
        if since and (now - since).total_seconds() <= DELETION:
            continue
        held = [c.message or c.type for c in (namespace.status.conditions or []) if c.status == "True"]
        finalizers = (namespace.spec.finalizers if namespace.spec else None) or []
        why = "; ".join(held) or f"finalizers {', '.join(finalizers) or 'none'}"
        command = f".venv/bin/slipway kubectl get all,configmaps,secrets,pvc -n {name}"
        findings.append(Finding("fail", f"namespace {name}", f"stuck in deletion: {why}", command))
    return findings or [Finding("ok", "namespaces", "none is stuck in deletion")]


def pods(facts: Iterable[PodFact]) -> list[Finding]:
    """No pod loops, waits or fails; each that does is named with the cluster's own reason."""
    findings = [finding for fact in facts if (finding := _pod(fact))]
    return findings or [Finding("ok", "pods", "all are running or completed")]


def _pod(fact: PodFact) -> Finding | None:
    subject = f"pod {fact.namespace}/{fact.name}"
    look = f".venv/bin/slipway kubectl describe pod -n {fact.namespace} {fact.name}"
    if "CrashLoopBackOff" in fact.reason or (not fact.healthy and fact.restarts >= RESTARTS_OF_A_LOOP):
        previous = f".venv/bin/slipway kubectl logs -n {fact.namespace} {fact.name} --all-containers --previous"
        return Finding("fail", subject, f"crash-looping, {fact.restarts} restarts: {fact.reason}", previous)
    if fact.healthy or fact.reason.startswith("PodCompleted"):  # a Job's pod that is about to be Succeeded
        return None
    if fact.phase == "Terminating":
        if fact.overdue <= OVERDUE:
            return None
        return Finding("fail", subject, f"still terminating {fact.overdue:.0f} s after its grace period", look)
    if fact.phase == "Failed":
        return Finding("warn", subject, f"failed: {fact.reason}", look)
    level: Level = "fail" if fact.age > PATIENCE else "warn"
    return Finding(level, subject, f"{fact.phase} for {fact.age:.0f} s: {fact.reason or 'no reason given'}", look)
