"""Whether the cluster enforces NetworkPolicies: without a CNI plug-in that does, they are only paper.

A running pod of the app tries two connections, one that its policies allow and one that they deny, and closes them at
once. Nothing is made in the cluster, so nothing is left behind. Beside a sidecar the proxy's container tries: the app
is connected to the proxy, whomever it calls, while what the proxy's user calls goes out as it is.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from infra.graph.load import service_graph
from infra.graph.model import Workload
from infra.lib.findings import Finding
from infra.slipway.doctor.migrations import Exec
from infra.slipway.kube import PodFact

SUBJECT = "network policies"
# Who may try, the one that calls fewest first; the name of a pod is its Deployment's and two random parts.
CALLERS = ("relay", "web")
POD = "todo-app-{}-[a-z0-9]+-[a-z0-9]{{5}}"
API = "kubernetes.default.svc:443"
OPEN, SHUT = "open", "shut"
# A policy drops packets, so a connection it denies is known by silence: 2 s.
PROBE = """\
for place in "$@"; do
    if timeout 2 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "${place%:*}" "${place##*:}" 2>/dev/null
    then echo open
    else echo shut
    fi
done
"""
EMBEDDED = "not enforced: the embedded cluster's CNI plug-in has no means to; a cluster whose plug-in has gets the same"
NAKED = "not enforced: {} reached {}, which its policies deny; any pod of this cluster reaches any other"
REMEDY = "install a CNI plug-in that enforces NetworkPolicies"


def check(facts: Iterable[PodFact], run_in: Exec, in_proxy: Exec, *, embedded: bool) -> list[Finding]:
    """Ask the first pod that can tell, where it has a sidecar `in_proxy`; without one there is nothing to say."""
    known = list(facts)
    for caller in CALLERS:
        pod = next((f for f in known if f.healthy and re.fullmatch(POD.format(caller), f.name)), None)
        if pod is None:
            continue
        allowed = next(_stores(caller, known, called=True), "")
        denied = next(_stores(caller, known, called=False), API if _never(caller) else "")
        if allowed and denied:
            answers = _answers(pod, in_proxy if pod.meshed else run_in, (allowed, denied))
            return [_judge(pod, allowed, denied, answers, embedded=embedded)]
    return []


def _stores(caller: str, facts: Sequence[PodFact], *, called: bool) -> Iterator[str]:
    """What keeps data, is up, and is declared to be called by `caller` or not to be."""
    graph = service_graph()
    targets = {call.to for call in graph.targets(caller)}
    for name, node in graph.workloads.items():
        up = any(f.healthy and f.namespace == node.namespace and f.name.startswith(f"{name}-") for f in facts)
        if node.stores and up and (name in targets) is called:
            yield _address(node)


def _address(node: Workload) -> str:
    port = next(iter(node.ports.values()))
    return f"{node.service}.{node.namespace}.svc:{port.numbers[0]}"


def _never(caller: str) -> bool:
    return all(call.to != "api-server" for call in service_graph().targets(caller))


def _answers(pod: PodFact, run_in: Exec, places: Sequence[str]) -> list[str]:
    code, output = run_in(pod.namespace, pod.name, ("bash", "-c", PROBE, "bash", *places))
    lines = [line.strip() for line in output.splitlines()]
    return lines if code == 0 and len(lines) == len(places) and set(lines) <= {OPEN, SHUT} else []


def _judge(pod: PodFact, allowed: str, denied: str, answers: list[str], *, embedded: bool) -> Finding:
    if answers == [OPEN, SHUT]:
        return Finding("ok", SUBJECT, f"enforced: {pod.name} reaches {allowed} and not {denied}")
    if answers == [OPEN, OPEN]:
        if embedded:
            return Finding("ok", SUBJECT, EMBEDDED)
        return Finding("warn", SUBJECT, NAKED.format(pod.name, denied), REMEDY)
    told = (
        f"{pod.name} does not reach {allowed} either, which its policies allow" if answers else "no pod could be asked"
    )
    look = f".venv/bin/slipway kubectl -n {pod.namespace} get networkpolicies"
    return Finding("warn", SUBJECT, f"cannot tell whether they are enforced: {told}", look)
