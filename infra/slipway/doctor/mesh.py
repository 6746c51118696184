"""Istio: a proxy that refuses what it is told goes on with what it had; without its authority nobody is known."""

import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from cryptography import x509

from infra.lib.findings import Finding
from infra.lib.kube import Kube, KubeError, Object

PROXIES, AUTHORITY = "proxies", "mesh authority"
CONTROL = "istio-system"
INJECTED = ("istio-injection", "enabled")  # a namespace's label
ASKS = "sidecar.istio.io/inject"  # a pod's label
ROOT = ("istio-ca-root-cert", "root-cert.pem")
KUBECTL = ".venv/bin/slipway kubectl"
WARNING = timedelta(days=30)
# Of Envoy's own statistics: a kind of configuration, and how often it was refused since the proxy started.
REJECTED = re.compile(r"^envoy_(\w+)_update_rejected(?:\{[^}]*\})? ([0-9.e+]+)$", re.MULTILINE)
STATISTICS = "/api/v1/namespaces/{namespace}/pods/{name}:15090/proxy/stats/prometheus"


def check(kube: Kube, *, now: datetime) -> list[Finding]:
    """Nothing where there is no istiod."""
    root = kube.get("v1", "ConfigMap", CONTROL, ROOT[0])
    if root is None:
        return []
    pods = kube.find_all("v1", "Pod")
    found = [*bare(pods, kube.find_all("v1", "Namespace")), *proxies(pods, lambda pod: _statistics(kube, pod))]
    return [*found, authority(root["data"].get(ROOT[1], ""), now=now)]


def bare(pods: Iterable[Object], namespaces: Iterable[Object]) -> list[Finding]:
    """Every running pod that was to have a proxy and has none: it was made while istiod was away."""
    label, value = INJECTED
    meshed = {each["metadata"]["name"] for each in namespaces if each["metadata"].get("labels", {}).get(label) == value}
    findings = []
    for pod in pods:
        namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
        asks = pod["metadata"].get("labels", {}).get(ASKS, "true" if namespace in meshed else "false")
        ends = "deletionTimestamp" in pod["metadata"] or pod["status"].get("phase") != "Running"
        if asks == "true" and not ends and not _has_proxy(pod):
            told = "has no proxy though it is of the mesh: those that want to know their caller refuse it"
            findings.append(
                Finding("fail", f"pod {namespace}/{name}", told, f"{KUBECTL} -n {namespace} delete pod {name}")
            )
    return findings


def proxies(pods: Iterable[Object], statistics: Callable[[Object], str | None]) -> list[Finding]:
    """Every running proxy, of a pod or a gateway; `statistics` is Envoy's text, None where it does not answer."""
    findings, number = [], 0
    for pod in pods:
        if not _has_proxy(pod) or pod["status"].get("phase") != "Running":
            continue
        number += 1
        namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
        text = statistics(pod)
        refused = {kind: float(times) for kind, times in REJECTED.findall(text or "") if float(times)}
        if text is None:
            told, level = "does not answer for its statistics", "warn"
        elif refused:
            kinds = ", ".join(f"{kind} {times:.0f} times" for kind, times in sorted(refused.items()))
            told, level = f"refused what istiod told it ({kinds}) and goes on with what it had", "fail"
        else:
            continue
        look = f"{KUBECTL} -n {namespace} logs {name} -c istio-proxy"
        findings.append(Finding("fail" if level == "fail" else "warn", f"proxy {namespace}/{name}", told, look))
    return findings or ([Finding("ok", PROXIES, f"{number} take what istiod tells them")] if number else [])


def authority(pem: str, *, now: datetime) -> Finding:
    """The one whose certificates all proxies believe."""
    remedy = f"{KUBECTL} -n {CONTROL} get configmap {ROOT[0]} -o yaml"
    try:
        end = min(one.not_valid_after_utc for one in x509.load_pem_x509_certificates(pem.encode()))
    except ValueError as error:
        return Finding("fail", AUTHORITY, f"is no certificate: {error}", remedy)
    if end <= now:
        return Finding("fail", AUTHORITY, f"expired on {end:%Y-%m-%d}: no proxy believes another", remedy)
    if end - now < WARNING:
        told = f"ends on {end:%Y-%m-%d}, in {(end - now).days} days: then no proxy believes another"
        return Finding("warn", AUTHORITY, told, remedy)
    return Finding("ok", AUTHORITY, f"valid until {end:%Y-%m-%d}")


def _has_proxy(pod: Object) -> bool:
    every = [*pod["spec"].get("containers", []), *pod["spec"].get("initContainers", [])]
    return any(each["name"] == "istio-proxy" for each in every)


def _statistics(kube: Kube, pod: Object) -> str | None:
    path = STATISTICS.format(namespace=pod["metadata"]["namespace"], name=pod["metadata"]["name"])
    try:
        return str(kube.request("GET", path, params={"filter": "update_rejected"}, accept="text/plain"))
    except KubeError:
        return None
