"""What the service graph says about a connection in a scene: the other half of the comparison, without any policy."""

from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

from infra.graph.load import service_graph
from infra.graph.model import Call, Outside
from infra.tests.graph.scenes import Scene, scene

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
    leaving = question.side == "Egress"
    return any(
        _at(judged, caller, call, question.target, leaving=leaving)
        and _from(judged, caller, call, question.source, leaving=leaving)
        for caller, call in _edges(judged.name).get((leaving, question.port, question.transport), ())
    )


Edges = dict[tuple[bool, int, str], list[tuple[str, Call]]]


@cache
def _edges(name: str) -> Edges:
    """Callers and calls of a scene by side, port and transport: those of which that side's policies may tell."""
    graph, judged = service_graph(), scene(name)
    rendered = list(graph.edges(judged.profile))
    found: Edges = defaultdict(list)
    for leaving, (caller, call) in product((True, False), graph.edges()):
        # Who has no pod has no policy: of a call from outside only its target can know, of one to outside its caller.
        if (own := caller if leaving else call.to) not in graph.workloads:
            continue
        # A stack renders what its profile has, and of a workload that it leaves out the namespace's default deny
        # alone; the chart is told by its values what there is.
        if _of_chart(own):
            if leaving and not _goes(judged, call):
                continue
        elif (caller, call) not in rendered or own not in judged.there:
            continue
        port = graph.node(call.to).ports[call.port]
        numbers = judged.samples[call.to][1] if leaving and _elsewhere(judged, caller, call) else port.numbers
        for number, transport in product(numbers, port.transports):
            found[leaving, number, transport].append((caller, call))
    return found


def _of_chart(name: str) -> bool:
    return service_graph().workloads[name].stack == "delivery"


def _elsewhere(judged: Scene, caller: str, call: Call) -> bool:
    """Where a backend really is, the chart's values say; the stacks that run one here do not know them."""
    return call.to in judged.samples and _of_chart(caller)


def _at(judged: Scene, caller: str, call: Call, target: str, *, leaving: bool) -> bool:
    """What a scenario puts outside is only there. The API server has no address to name: it is anywhere."""
    node, there = service_graph().node(call.to), judged.nodes.get(target)
    if leaving and _elsewhere(judged, caller, call):
        return there == call.to and not judged.places[target].namespace
    if isinstance(node, Outside):
        return not node.chart_target and not node.on_node
    return there == call.to and bool(judged.places[target].namespace)


def _from(judged: Scene, caller: str, call: Call, source: str, *, leaving: bool) -> bool:
    """The chart names callers of other stacks by namespace or address, so whoever is there is let in too.

    The mesh tells those apart by account.
    """
    graph = service_graph()
    place = judged.places[source]
    node = graph.node(caller)
    known_as = node.chart_caller
    if not leaving and known_as and call.to in graph.workloads and graph.workloads[call.to].stack == "delivery":
        given = _value(judged, *f"networkPolicy.{known_as}".split("."), default=DEFAULTS[known_as])
        return bool(given) if known_as.endswith("cidrs") else place.namespace in given
    if isinstance(node, Outside) and not node.on_node:
        return True  # it has no address to name: a port it calls is open
    return judged.nodes.get(source) == caller and _serves(judged, caller, call, source)


def _serves(judged: Scene, caller: str, call: Call, source: str) -> bool:
    """Of what there is several, each calls its own."""
    workload = service_graph().workloads.get(caller)
    if workload is None or workload.each is None:
        return True
    further = judged.places[source].labels.get("app.kubernetes.io/component") != caller
    return call.to != (workload.each.instead_of if further else workload.each.of)


def _goes(judged: Scene, call: Call) -> bool:
    """Who of the chart calls from profile full on does where it is told of a mesh.

    Behind a pooler only who goes past it calls the database itself; Vault is called where the values say so.
    """
    if call.since == "full":
        return bool(_value(judged, "mesh", "enabled", default=False))
    if call.to == "postgresql" and _value(judged, "database", "pooler", default="none") != "none":
        return call.past_pooler
    return call.to != "vault" or bool(_value(judged, "networkPolicy", "vault", "enabled", default=False))


def _value(judged: Scene, *path: str, default: Any) -> Any:  # noqa: ANN401 - any value of the chart
    found: Any = judged.values
    for step in path:
        if not isinstance(found, dict) or step not in found:
            return default
        found = found[step]
    return found
