"""What R39 and R40 ask, and what the service graph says the answer must be; needs no cluster."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

from infra.graph.load import service_graph
from infra.graph.model import Outside, Workload
from infra.verify.mesh.pods import MEMBERS, Who

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
# What a caller that is not declared at all is refused, too.
USUAL = ("/healthz", "/metrics", "/api/v1/x")
DNS = "coredns"
# Whose pods have no sidecar at their ports: what they refuse is their own, or a NetworkPolicy's, which the embedded
# node does not enforce (infra/tests/graph judges those).
ALONE = {
    DNS: "it answers everybody; NetworkPolicies, which are not enforced here, bound who asks",
    "istiod": "it asks for a token at 15012; NetworkPolicies, not enforced here, bound its other ports",
    "gatekeeper": "NetworkPolicies, which are not enforced here, bound its ports",
    "gateway": "it is for everybody",
    "vault": "its sidecar is for its own calls: it asks for a token (R48)",
}
# Declared, and not asked as the caller would.
NOT_ASKED = {("vault", "cluster"): "raft's own TLS between replicas, of which there is one here"}


@dataclass(frozen=True)
class Question:
    """One request, or with an empty method one connection; `wanted`: the target itself has to answer."""

    target: str
    port: int
    method: str
    path: str
    wanted: bool
    tls: bool = False


@dataclass(frozen=True)
class Plan:
    """Questions by caller, and the pairs of caller and port that nothing is asked of, with the reason."""

    questions: dict[Who, list[Question]] = field(default_factory=dict)
    left: dict[tuple[str, str], str] = field(default_factory=dict)

    def not_judged(self) -> list[str]:
        """The reasons, each once, with how many pairs it is for."""
        reasons = list(self.left.values())
        return [f"{reason}: {reasons.count(reason)} pairs" for reason in dict.fromkeys(reasons)]


@cache
def members() -> dict[str, tuple[int, ...]]:
    """Workloads whose sidecar refuses, with their ports."""
    found = {name: each for name, each in service_graph().workloads.items() if each.namespace in MEMBERS and each.ports}
    return {name: tuple(n for port in each.ports.values() for n in port.numbers) for name, each in found.items()}


def targets() -> dict[str, Workload]:
    """Every workload with a port."""
    return {name: each for name, each in service_graph().workloads.items() if each.ports}


def plan(everybody: Sequence[Who]) -> Plan:
    """Each caller and each port of each workload: asked, or left with a reason."""
    made = Plan(questions={who: [] for who in everybody})
    for who in everybody:
        for target, workload in targets().items():
            for name, port in workload.ports.items():
                key = (who.name, f"{target}:{name}")
                if target in members():
                    made.questions[who] += _of_member(who, target, port.numbers[0])
                elif not declared(who.name, target, port.numbers[0], "GET", "/metrics"):
                    made.left[key] = f"{target} refuses nobody by the mesh: {ALONE[target]}"
                elif why := NOT_ASKED.get((target, name)):
                    made.left[key] = f"{target}:{name}: {why}"
                else:
                    made.questions[who].append(_of_other(target, name, port.numbers[0]))
    return made


def outside() -> dict[str, str]:
    """Edges of the graph with an end that is no pod: name of the edge → why nothing is asked."""
    graph = service_graph()
    return {
        f"{caller} -> {call.to}:{call.port}": "an end of it is no pod of the cluster"
        for caller, call in graph.edges("full")
        if any(isinstance(graph.node(name), Outside) for name in (caller, call.to))
    }


def _of_member(who: Who, target: str, port: int) -> Iterator[Question]:
    """Who may call the target at all is asked each path that anybody may; all by each method."""
    graph = service_graph()
    if not any(each.speaks == "http" and port in each.numbers for each in graph.node(target).ports.values()):
        yield Question(target, port, "", "", declared(who.name, target, port, "", ""))
        return
    known = any(name == who.name and call.to == target for name, call in graph.edges("full"))
    everything = {p.replace("*", "x") for call in graph.calls if call.to == target for h in call.http for p in h.paths}
    for path in sorted(everything) if known else USUAL:
        for method in METHODS:
            yield Question(target, port, method, path, declared(who.name, target, port, method, path))


def _of_other(target: str, name: str, port: int) -> Question:
    """A declared call to whom no sidecar stands before: names by DNS, metrics by HTTP, the rest by its TLS."""
    if target == DNS:
        return Question(target, port, "", "", wanted=True)
    if name == "metrics":
        return Question(target, port, "GET", "/metrics", wanted=True)
    return Question(target, port, "", "", wanted=True, tls=True)


def declared(caller: str, target: str, port: int, method: str, path: str) -> bool:
    """The graph's own answer; of who is no member, whose requests nobody looks at, by the port alone."""
    graph = service_graph()
    return any(
        name == caller
        and call.to == target
        and isinstance(graph.node(name), Workload)
        and port in graph.node(target).ports[call.port].numbers
        and (target not in members() or not call.http or any(one.allows(method, path) for one in call.http))
        for name, call in graph.edges("full")
    )


# Ports of a sidecar itself, in plain text: method and path, and whether it answers. The kubelet asks for its health,
# Prometheus for its own figures; whoever could ask for more would read keys and routes, or end it.
OWN: dict[tuple[int, str, str], bool] = {
    (15020, "GET", "/healthz/ready"): True,
    (15020, "GET", "/stats/prometheus"): True,
    (15021, "GET", "/healthz/ready"): True,
    (15090, "GET", "/stats/prometheus"): True,
    **{
        (port, method, path): False
        for port in (15000, 15020, 15021, 15090)
        for method, path in (("GET", "/config_dump"), ("GET", "/certs"), ("POST", "/quitquitquit"), ("POST", "/drain"))
    },
    (15004, "GET", "/debug/syncz"): False,
    (15020, "GET", "/debug/pprof/"): False,
    (15020, "GET", "/debug/ndsz"): False,
}
# The same of istiod, whoever asks: what a proxy is told is behind a certificate and a token.
ISTIOD: dict[tuple[int, str, str], bool] = {
    (8080, "GET", "/ready"): True,
    (15014, "GET", "/metrics"): True,
    **{
        (port, "GET", path): False
        for port in (8080, 15014)
        for path in ("/debug/syncz", "/debug/registryz", "/debug/config_dump", "/debug/pprof/")
    },
}
# Where it would speak gRPC without TLS.
PLAIN_GRPC = 15010
