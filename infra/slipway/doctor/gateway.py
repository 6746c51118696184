"""The gateway: a certificate that ends, a listener without its Secret, a route that leads nowhere."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from infra.lib.findings import Finding
from infra.lib.kube import Kube, Object
from infra.slipway import front
from infra.slipway.doctor.certificates import Meaning, certificate

VERSION = "gateway.networking.k8s.io/v1"
KUBECTL = ".venv/bin/slipway kubectl"
# The Job is named by its image and hosts; gone, `up` runs it again and it signs anew.
RENEW = f"{KUBECTL} -n gateway delete job -l app.kubernetes.io/name=gateway-certificate && make up"


def check(kube: Kube, *, now: datetime) -> list[Finding]:
    """Nothing where there is no gateway."""
    gateways = kube.find_all(VERSION, "Gateway")
    if not gateways:
        return []
    pem = front.secret_text(kube, *front.CERTIFICATE, "tls.crt")
    meaning = Meaning("browsers refuse the page", RENEW)
    own = certificate("gateway's certificate", pem.encode(), now=now, meaning=meaning) if pem else []
    return [*listeners(gateways), *routes(kube.find_all(VERSION, "HTTPRoute")), *own]


def listeners(gateways: Iterable[Object]) -> list[Finding]:
    """Every Gateway runs, and each of its listeners has what it refers to."""
    findings = []
    for each in gateways:
        name = f"{each['metadata']['namespace']}/{each['metadata']['name']}"
        status: Mapping[str, Any] = each.get("status") or {}
        look = f"{KUBECTL} -n {each['metadata']['namespace']} describe gateway {each['metadata']['name']}"
        wrong = _untrue(status, "Accepted", "Programmed")
        for listener in status.get("listeners") or []:
            wrong += [
                f"listener {listener['name']}: {told}" for told in _untrue(listener, "ResolvedRefs", "Programmed")
            ]
        findings += [Finding("fail", f"Gateway {name}", told, look) for told in wrong]
    return findings or [Finding("ok", "gateway", "its listeners have what they need")]


def routes(listed: Iterable[Object]) -> list[Finding]:
    """Every route is taken by its Gateway and leads to a Service."""
    findings = []
    for each in listed:
        place = each["metadata"]["namespace"], each["metadata"]["name"]
        parents = (each.get("status") or {}).get("parents") or [{}]
        wrong = [told for parent in parents for told in _untrue(parent, "Accepted", "ResolvedRefs")]
        look = f"{KUBECTL} -n {place[0]} describe httproute {place[1]}"
        findings += [Finding("fail", f"HTTPRoute {'/'.join(place)}", told, look) for told in wrong]
    return findings


def _untrue(status: Mapping[str, Any], *wanted: str) -> list[str]:
    """What is not said to be true, with the reason."""
    conditions = {each["type"]: each for each in status.get("conditions") or []}
    found = []
    for kind in wanted:
        said = conditions.get(kind, {})
        if said.get("status") != "True":
            found.append(f"{kind} is {said.get('status', 'not told')}: {said.get('message', 'no controller answers')}")
    return found
