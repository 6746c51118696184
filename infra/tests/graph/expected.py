"""What the service graph says about a connection in a scene: the other half of the comparison, without any policy."""

from dataclasses import dataclass
from typing import Any

from infra.graph.load import service_graph
from infra.graph.model import Call, Outside
from infra.tests.graph.scenes import Scene

# What the chart lets in unless a scenario says otherwise.
DEFAULTS: dict[str, list[str]] = {
    "http.cidrs": ["0.0.0.0/0"],
    "http.namespaces": [],
    "metrics.namespaces": ["observability"],
}


@dataclass(frozen=True, kw_only=True)
class Question:
    """Whether the end `side` (Egress: the caller's, Ingress: the target's) lets this connection pass."""

    side: str
    source: str
    target: str
    port: int
    transport: str


def declared(judged: Scene, question: Question) -> bool:
    """Whether some call of the graph is this connection, as far as policies can tell."""
    graph = service_graph()
    leaving = question.side == "Egress"
    for caller, call in graph.edges():
        # Who has no pod has no policy: of a call from outside only its target can know, of one to outside its caller.
        if (caller if leaving else call.to) not in graph.workloads:
            continue
        port = graph.node(call.to).ports[call.port]
        # Where a backend really is, the chart's values say; the stack that runs one here does not know them.
        numbers = judged.samples[call.to][1] if leaving and call.to in judged.samples else port.numbers
        if (
            _at(judged, call, question.target, leaving=leaving)
            and question.port in numbers
            and question.transport in port.transports
            and _from(judged, caller, call, question.source)
            and (_goes(judged, caller, call) and _there(caller) if leaving else _served(call, caller))
        ):
            return True
    return False


def _at(judged: Scene, call: Call, target: str, *, leaving: bool) -> bool:
    """What a scenario puts outside is only there. The API server has no address to name: it is anywhere."""
    node, there = service_graph().node(call.to), judged.nodes.get(target)
    if leaving and call.to in judged.samples:
        return there == call.to and not judged.places[target].namespace
    if isinstance(node, Outside):
        return not node.chart_target and not node.on_node
    return there == call.to


def _from(judged: Scene, caller: str, call: Call, source: str) -> bool:
    """The chart names callers of other stacks by namespace or address, so whoever is there is let in too.

    The mesh tells those apart by account.
    """
    graph = service_graph()
    place = judged.places[source]
    known_as = graph.node(caller).chart_caller
    if known_as and call.to in graph.workloads and graph.workloads[call.to].stack == "delivery":
        given = _value(judged, *f"networkPolicy.{known_as}".split("."), default=DEFAULTS[known_as])
        return bool(given) if known_as.endswith("cidrs") else place.namespace in given
    return judged.nodes.get(source) == caller and _serves(judged, caller, call, source)


def _serves(judged: Scene, caller: str, call: Call, source: str) -> bool:
    """Of what there is several, each calls its own."""
    workload = service_graph().workloads.get(caller)
    if workload is None or workload.each is None:
        return True
    further = judged.places[source].labels.get("app.kubernetes.io/component") != caller
    return call.to != (workload.each.instead_of if further else workload.each.of)


def _goes(judged: Scene, caller: str, call: Call) -> bool:
    """Who calls from profile full on does where the chart is told of a mesh; the stacks are rendered for mini.

    Behind a pooler only who goes past it calls the database itself; Vault is called where the values say so.
    """
    if call.since == "full":
        chart = service_graph().workloads[caller].stack == "delivery"
        return chart and bool(_value(judged, "mesh", "enabled", default=False))
    if call.to == "postgresql" and _value(judged, "database", "pooler", default="none") != "none":
        return call.past_pooler
    return call.to != "vault" or bool(_value(judged, "networkPolicy", "vault", "enabled", default=False))


def _served(call: Call, caller: str) -> bool:
    """The stacks are rendered for mini: who comes with a larger profile has no rule in theirs."""
    workloads = service_graph().workloads
    return workloads[call.to].stack != "data" or caller not in workloads or workloads[caller].profile == "mini"


def _there(caller: str) -> bool:
    """As above: of whom a larger profile adds to a stack, only the namespace's default deny is rendered."""
    workloads = service_graph().workloads
    return caller not in workloads or workloads[caller].stack != "data" or workloads[caller].profile == "mini"


def _value(judged: Scene, *path: str, default: Any) -> Any:  # noqa: ANN401 - any value of the chart
    found: Any = judged.values
    for step in path:
        if not isinstance(found, dict) or step not in found:
            return default
        found = found[step]
    return found
