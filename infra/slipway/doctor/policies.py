"""Gatekeeper: a webhook that nobody answers refuses every change of an app; policies that are broken or only watch."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from infra.lib import policies
from infra.lib.findings import Finding
from infra.lib.kube import Kube, Object

SUBJECT = "policies"
CONSTRAINTS = "constraints.gatekeeper.sh/v1beta1"
KUBECTL = ".venv/bin/slipway kubectl"
# Two audits of the longest interval that a setting allows, and the time of one.
STALE = timedelta(hours=2, minutes=10)
SHOWN = 3
# Gatekeeper's own webhook, and its names of the points at which it may be told to act.
ADMISSION, AUDIT = "validation.gatekeeper.sh", "audit.gatekeeper.sh"
SOON = "right after `make up` the first audit is still to come, so ask again in some minutes; later, see why it is not"
AUDITOR = f"{KUBECTL} -n gatekeeper-system logs -l control-plane=audit-controller"


def check(kube: Kube, *, now: datetime) -> list[Finding]:
    """Nothing where there is neither a webhook nor a constraint."""
    hooks = kube.find_all("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration")
    hooks += kube.find_all("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration")
    found = webhooks(hooks, lambda namespace, name: _ready(kube, namespace, name))
    items = constraints(kube)
    return [*found, *unasked(hooks, items), *audit(items, now=now)]


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


def unasked(configurations: Iterable[Object], items: Sequence[Object]) -> list[Finding]:
    """Constraints though the API server is not told to ask Gatekeeper."""
    hooks = {hook["name"] for each in configurations for hook in each.get("webhooks") or []}
    if not items or ADMISSION in hooks:
        return []
    told = f"there is none, so nothing is refused by any of {len(items)} policies"
    return [Finding("warn", f"webhook {ADMISSION}", told, "make up")]


def audit(items: Sequence[Object], *, now: datetime) -> list[Finding]:
    """What the last audit found, whether there was one lately, and which constraints do less than refuse."""
    findings = watching(items) if items else []
    for item in items:
        status: Mapping[str, Any] = item.get("status") or {}
        at = status.get("auditTimestamp")
        if total := status.get("totalViolations", 0):
            findings.append(_warning(item, f"{total} violations: {_first(status)}"))
        elif at and now - datetime.fromisoformat(at) > STALE:
            findings.append(_warning(item, f"was last audited at {at}"))
    if never := [item["metadata"]["name"] for item in items if not (item.get("status") or {}).get("auditTimestamp")]:
        more = [f"and {len(never) - SHOWN} more"] if len(never) > SHOWN else []
        told = f"{len(never)} of {len(items)} were never audited ({', '.join([*never[:SHOWN], *more])}): {SOON}"
        findings.append(Finding("warn", SUBJECT, told, AUDITOR))
    return findings or ([Finding("ok", SUBJECT, f"{len(items)} are kept by everything audited")] if items else [])


def watching(items: Iterable[Object]) -> list[Finding]:
    """A constraint that does not refuse at admission or is left out of the audit, unless its folder says so."""
    meant = [policy.constraint for policy in policies.load()]
    ours = {(each["kind"], each["metadata"]["name"]): _actions(each) for each in meant}
    findings = []
    for item in items:
        declared, actions = ours.get((item["kind"], item["metadata"]["name"])), _actions(item)
        if actions == declared:
            continue
        told = [] if "deny" in actions[ADMISSION] else ["only watches: it refuses nothing at admission"]
        told += [] if actions[AUDIT] else ["is left out of the audit: nobody judges what is there already"]
        if told:
            findings.append(_warning(item, "; ".join(told), "make up" if declared else ""))
    return findings


def _actions(constraint: Object) -> dict[str, set[str]]:
    """What is done about a violation at each point: deny, warn, dryrun."""
    spec: Mapping[str, Any] = constraint.get("spec") or {}
    action = spec.get("enforcementAction") or "deny"
    everywhere: list[dict[str, Any]] = [{"action": action, "enforcementPoints": [{"name": "*"}]}]
    scoped = (spec.get("scopedEnforcementActions") or []) if action == "scoped" else everywhere
    return {
        point: {
            each["action"]
            for each in scoped
            for at in each.get("enforcementPoints") or []
            if at["name"] in {point, "*"}
        }
        for point in (ADMISSION, AUDIT)
    }


def _warning(item: Object, told: str, remedy: str = "") -> Finding:
    kind, name = item["kind"].lower(), item["metadata"]["name"]
    return Finding("warn", f"policy {name}", told, remedy or f"{KUBECTL} get {kind} {name} -o yaml")


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
