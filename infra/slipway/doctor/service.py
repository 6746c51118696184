"""Whether what should run is there and serves: controllers, the stacks' own objects, the Service and the page."""

import json
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any

from lightkube.resources.apps_v1 import DaemonSet, Deployment, StatefulSet
from lightkube.resources.discovery_v1 import EndpointSlice

from infra.lib.findings import Finding
from infra.slipway.front import Door

Controller = Deployment | StatefulSet | DaemonSet
# What an inventory names, and whether the cluster has it: (api version, kind, namespace, name).
Exists = Callable[[str, str, str, str], bool]
REMEDY = "make up"
NAMESPACE, SERVICE = "todo", "todo-app-web"
GATEWAY = "gateway-istio"
DNS = ("kube-system", "coredns")
KUBECTL = ".venv/bin/slipway kubectl"
ANSWER = 5.0  # seconds


def controllers(listed: Iterable[Controller]) -> list[Finding]:
    """Every Deployment, StatefulSet and DaemonSet has as many available pods as it wants; CoreDNS is one of them."""
    findings, seen = [], set()
    for item in listed:
        namespace = (item.metadata.namespace if item.metadata else None) or ""
        name = (item.metadata.name if item.metadata else None) or "?"
        seen.add((namespace, name))
        wanted, available = _counts(item)
        if available < wanted:
            kind = type(item).__name__
            told = f"{available} of {wanted} pods available"
            look = f"{KUBECTL} -n {namespace} describe {kind.lower()} {name}"
            findings.append(Finding("fail", f"{kind} {namespace}/{name}", told, look))
    if DNS not in seen:
        told = "does not exist: no name inside the cluster resolves"
        findings.append(Finding("fail", f"Deployment {'/'.join(DNS)}", told, "make stop && make start"))
    return findings or [Finding("ok", "workloads", "all have the pods they want")]


def _counts(item: Controller) -> tuple[int, int]:
    status = item.status
    if isinstance(item, DaemonSet):
        return (item.status.desiredNumberScheduled, item.status.numberAvailable or 0) if item.status else (0, 0)
    replicas = item.spec.replicas if item.spec else None
    return 1 if replicas is None else replicas, (getattr(status, "availableReplicas", None) or 0)


def inventories(listed: Iterable[Mapping[str, Any]], exists: Exists) -> list[Finding]:
    """Every object a stack recorded as its own is there; Jobs may go by themselves when they are done."""
    missing = []
    for inventory in listed:
        content = json.loads(inventory["data"]["inventory.json"])
        for each in content["objects"]:
            place = (each["api_version"], each["kind"], each["namespace"], each["name"])
            if each["kind"] != "Job" and not exists(*place):
                name = "/".join(filter(None, place[2:]))
                told = f"stack {content['stack']} made it and it is gone"
                missing.append(Finding("fail", f"{each['kind']} {name}", told, REMEDY))
    return missing or [Finding("ok", "stacks", "every object they recorded is there")]


def endpoints(*, exists: bool, slices: Iterable[EndpointSlice]) -> list[Finding]:
    """The page's Service is there and leads to a ready pod."""
    subject = f"Service {NAMESPACE}/{SERVICE}"
    if not exists:
        return [Finding("fail", subject, "does not exist: the page cannot be reached", REMEDY)]
    ready = [e for one in slices for e in (one.endpoints or []) if e.conditions and e.conditions.ready]
    if not ready:
        return [Finding("fail", subject, "has no ready endpoint: the page cannot answer", REMEDY)]
    return [Finding("ok", subject, f"{len(ready)} ready endpoints")]


def page(door: Door | None, *, port: int) -> list[Finding]:
    """The page says it is ready through the port of this machine; None: nothing is served there."""
    if door is None:
        return [Finding("fail", "page", f"nothing is served on port {port} of this machine", REMEDY)]
    url = f"{door.url}readyz"
    try:
        status, body = door.ask("/readyz", patience=ANSWER)
    except OSError as error:
        said = str(error)
    else:
        if status == HTTPStatus.OK:
            return [Finding("ok", "page", f"{url} answers 200")]
        said = f"{status} {body[:200]}".strip()
    workload = GATEWAY if door.secure else SERVICE
    return [Finding("fail", "page", f"{url} is not ready: {said}", f".venv/bin/slipway logs {workload}")]
