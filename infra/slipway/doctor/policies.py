"""Gatekeeper: a webhook that nobody answers refuses every change of an app; an audit that found something."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from infra.lib.findings import Finding
from infra.lib.kube import Kube, Object

SUBJECT = "policies"
CONSTRAINTS = "constraints.gatekeeper.sh/v1beta1"
KUBECTL = ".venv/bin/slipway kubectl"
# Two audits of the longest interval that a setting allows, and the time of one.
STALE = timedelta(hours=2, minutes=10)
SHOWN = 3


def check(kube: Kube, *, now: datetime) -> list[Finding]:
    """Nothing where there is neither a webhook nor a constraint."""
    hooks = kube.find_all("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration")
    hooks += kube.find_all("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration")
    found = webhooks(hooks, lambda namespace, name: _ready(kube, namespace, name))
    return [*found, *audit(constraints(kube), now=now)]


def constraints(kube: Kube) -> list[Object]:
    """Every constraint; their kinds are made by templates, so they are asked for by the templates' names."""
    templates = kube.find_all("templates.gatekeeper.sh/v1", "ConstraintTemplate")
    kinds = [template["spec"]["crd"]["spec"]["names"]["kind"] for template in templates]
    return [item for kind in kinds for item in kube.find_all(CONSTRAINTS, kind)]


def webhooks(configurations: Iterable[Object], ready: Callable[[str, str], int]) -> list[Finding]:
    """A webhook whose Service has no ready endpoint: with Fail nothing it is called for can be changed.

    `ready` counts the ready endpoints of a namespace's Service.
    """
    findings, number = [], 0
    for configuration in configurations:
        for hook in configuration.get("webhooks") or []:
            place = hook["clientConfig"].get("service")
            if place is None:
                continue  # reached by an address outside the cluster
            number += 1
            if ready(place["namespace"], place["name"]):
                continue
            shut = hook.get("failurePolicy", "Fail") == "Fail"
            told = "changes it is called for are refused" if shut else "nothing is checked meanwhile"
            findings.append(
                Finding(
                    "fail" if shut else "warn",
                    f"webhook {hook['name']}",
                    f"Service {place['namespace']}/{place['name']} has no ready endpoint: {told}",
                    f"{KUBECTL} -n {place['namespace']} get pods",
                )
            )
    return findings or ([Finding("ok", "webhooks", f"{number} are answered")] if number else [])


def audit(items: Iterable[Object], *, now: datetime) -> list[Finding]:
    """What the last audit found, and whether there was one lately."""
    findings, number = [], 0
    for item in items:
        number += 1
        status: Mapping[str, Any] = item.get("status") or {}
        name = item["metadata"]["name"]
        look = f"{KUBECTL} get {item['kind'].lower()} {name} -o yaml"
        at = status.get("auditTimestamp")
        if total := status.get("totalViolations", 0):
            findings.append(Finding("warn", f"policy {name}", f"{total} violations: {_first(status)}", look))
        elif at and now - datetime.fromisoformat(at) > STALE:
            findings.append(Finding("warn", f"policy {name}", f"was last audited at {at}", look))
    return findings or ([Finding("ok", SUBJECT, f"{number} are kept by everything audited")] if number else [])


def _first(status: Mapping[str, Any]) -> str:
    """The first violations in full: the message names object and remedy."""
    listed = status.get("violations") or []
    shown = [f"{each.get('namespace') or 'cluster'}: {each['message']}" for each in listed[:SHOWN]]
    more = status["totalViolations"] - len(shown)
    return "; ".join([*shown, *([f"and {more} more"] if more else [])])


def _ready(kube: Kube, namespace: str, name: str) -> int:
    slices = kube.find_all(
        "discovery.k8s.io/v1", "EndpointSlice", namespace, labels=f"kubernetes.io/service-name={name}"
    )
    ends = [end for each in slices for end in each.get("endpoints") or []]
    return sum((end.get("conditions") or {}).get("ready", True) is not False for end in ends)
