"""What is judged: the rendered objects of the stacks with one set of chart values, and everybody around them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import Any

from infra.graph.load import service_graph
from infra.graph.model import ORDER, Graph, Profile
from infra.tests.charts.helm import scenario, template
from infra.tests.graph.netpol import Place, Policies, Policy
from infra.tests.stacks.objects import Object, matches, world
from infra.tests.stacks.whole import evaluate

# Addresses of a pod network that no value of the chart names, and one of nobody.
PODS = "10.244.{}.{}"
NOWHERE = Place(name="nowhere", address="198.51.100.9")
STRANGER = "stranger"
PROFILES: Mapping[str, Profile] = {each: each for each in ORDER}
# A policy may name a port by its name: anybody can have one of that name.
WEB_LIKE = {"http": 8000, "http-metrics": 8001}
# What `graph.outside` stands for in the scenarios: the addresses and ports of ci/<scenario>-values.yaml.
SAMPLES: Mapping[str, Mapping[str, tuple[str, tuple[int, ...]]]] = {
    "shards": {"shards": ("192.0.2.20", (5432, 5433))},
    "oidc": {"issuer": ("192.0.2.30", (443, 8443))},
    "mesh": {
        "shards": ("192.0.2.20", (5432,)),
        "issuer": ("192.0.2.30", (443, 8443)),
        "postgresql": ("192.0.2.10", (5432,)),
    },
    "external-backends": {"postgresql": ("192.0.2.10", (5432,)), "redis": ("192.0.2.11", (6379,))},
    "pooler": {},
}


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Policies, places by name, and which node of the graph each place is."""

    name: str
    profile: Profile
    objects: Sequence[Object]
    values: Mapping[str, Any]
    places: Mapping[str, Place]
    nodes: Mapping[str, str]
    samples: Mapping[str, tuple[str, tuple[int, ...]]] = field(default_factory=dict)

    @cached_property
    def there(self) -> frozenset[str]:
        """Nodes of the graph that are rendered; istiod makes the gateway's pods of what is."""
        made = {self.nodes[item.name] for item in self.objects if item.is_workload and item.name in self.nodes}
        return frozenset(made | {item.name for item in self.objects if item.kind == "Gateway"})

    @cached_property
    def policies(self) -> Policies:
        return Policies(Policy(item.namespace, item.spec) for item in self.objects if item.kind == "NetworkPolicy")


@cache
def scene(name: str) -> Scene:
    """An environment by its name, `<name>/<profile>` in a larger profile, or the local one with a scenario's values.

    What a mesh brings to the chart is judged with what it brings to the stacks.
    """
    env, _, larger = name.partition("/")
    profile: Profile = "full" if name == "mesh" else PROFILES[larger or "mini"]
    if name in SAMPLES:
        values = scenario(name)
        rendered = [Object("delivery", manifest) for manifest in template(values)]
        objects = [item for item in world("local", profile) if item.stack != "delivery"] + rendered
    else:
        objects = world(env, profile)
        values = evaluate(env, profile)["delivery"].get("Release", "todo-app").inputs["values"]
    samples = SAMPLES.get(name, {})
    places, nodes = _places(service_graph(), objects, samples)
    return Scene(
        name=name, profile=profile, objects=objects, values=values, places=places, nodes=nodes, samples=samples
    )


def node_of(graph: Graph, namespace: str, labels: Mapping[str, str]) -> str:
    """The workload whose labels these are; of several databases' relays it is the one relay."""
    found = [
        name
        for name, workload in graph.workloads.items()
        if workload.namespace == namespace
        and any(
            matches({"matchLabels": each}, labels)
            for each in (workload.labels, *([workload.each.labels] if workload.each else []))
        )
    ]
    assert len(found) <= 1, f"{labels} are {found}"
    return found[0] if found else ""


def _places(
    graph: Graph, objects: Sequence[Object], samples: Mapping[str, tuple[str, tuple[int, ...]]]
) -> tuple[dict[str, Place], dict[str, str]]:
    places: dict[str, Place] = {}
    nodes: dict[str, str] = {}
    for index, item in enumerate(each for each in objects if each.is_workload):
        ports = {port["name"]: port["containerPort"] for box in item.containers for port in box.get("ports", [])}
        place = _pod(item.name, item.namespace, item.pod_labels, ports, PODS.format(1, index))
        if node := node_of(graph, item.namespace, item.pod_labels):
            places[item.name], nodes[item.name] = place, node
            if any(call.to == node for call in graph.targets(node)):
                other = f"another {item.name}"
                places[other] = replace(place, name=other, address=PODS.format(4, index))
                nodes[other] = node
    there = set(nodes.values())
    for index, (name, workload) in enumerate(graph.workloads.items()):
        if name not in there:
            ports = {port: declared.numbers[0] for port, declared in workload.ports.items()}
            places[name], nodes[name] = (
                _pod(name, workload.namespace, workload.labels, ports, PODS.format(2, index)),
                name,
            )
    for index, namespace in enumerate([*dict.fromkeys(each.namespace for each in graph.workloads.values()), "default"]):
        places[f"{STRANGER} in {namespace}"] = _pod(STRANGER, namespace, {}, WEB_LIKE, PODS.format(3, index))
    for name, (address, _) in samples.items():
        places[f"{name} at {address}"] = Place(name=name, address=address)
        nodes[f"{name} at {address}"] = name
    places[NOWHERE.name] = NOWHERE
    return places, nodes


def _pod(name: str, namespace: str, labels: Mapping[str, str], ports: Mapping[str, int], address: str) -> Place:
    return Place(name=name, namespace=namespace, labels=labels, ports=ports, address=address)


def questions(judged: Scene) -> Iterator[tuple[str, str, int, str]]:
    """Caller, target, port, transport: pairs with one of ours, each port the graph has and more."""
    graph = service_graph()
    nodes = [*graph.workloads.values(), *graph.outside.values()]
    ports = {
        (number, transport)
        for node in nodes
        for port in node.ports.values()
        for number in port.numbers
        for transport in port.transports
    } | {(8443, "TCP"), (5433, "TCP"), (9999, "TCP"), (9999, "UDP")}
    ours = {item.name for item in judged.objects if item.is_workload and item.name in judged.places}
    ours |= {name for name, node in judged.nodes.items() if node in judged.there}
    ours |= {f"{STRANGER} in {item.name}" for item in judged.objects if item.kind == "Namespace"}
    for source, place in judged.places.items():
        for target in judged.places:
            if place.namespace and source != target and {source, target} & ours:
                yield from ((source, target, number, transport) for number, transport in sorted(ports))
