"""Whether what should run is there and serves: controllers, the stacks' own objects, the Service and the page."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from lightkube.resources.apps_v1 import DaemonSet, Deployment, StatefulSet
from lightkube.resources.discovery_v1 import EndpointSlice

from infra.lib.findings import Finding

Controller = Deployment | StatefulSet | DaemonSet
# What an inventory names, and whether the cluster has it: (api version, kind, namespace, name).
Exists = Callable[[str, str, str, str], bool]
REMEDY = "make up"
NAMESPACE, SERVICE = "todo", "todo-app-web"
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


def page(port: int, exposed: Mapping[int, str]) -> list[Finding]:
    """The page says it is ready through the port of this machine."""
    if port not in exposed:
        return [Finding("fail", "page", f"nothing is served on port {port} of this machine", REMEDY)]
    url = f"http://127.0.0.1:{port}/readyz"
    try:
        with urllib.request.urlopen(url, timeout=ANSWER):
            return [Finding("ok", "page", f"{url} answers 200")]
    except urllib.error.HTTPError as error:
        said = f"{error.code} {error.read(200).decode(errors='replace')}".strip()
    except OSError as error:
        said = str(error)
    return [Finding("fail", "page", f"{url} is not ready: {said}", f".venv/bin/slipway logs {SERVICE}")]
