"""What the chart gets: for each of its components the rules in the chart's own terms, as `service-graph.yaml`."""

from collections.abc import Iterator
from typing import Any

import yaml

from infra.graph.model import Call, Graph, Node, Outside, Workload
from infra.lib.paths import REPOSITORY

FILE = REPOSITORY / "charts" / "todo-app" / "service-graph.yaml"
HEAD = (
    "# Generated from contracts/service-graph.yaml by `make graph`: who may call whom, in the terms of values.yaml.\n"
    "# network: rules of the NetworkPolicies; mesh: rules of the AuthorizationPolicies, none of them is no caller;\n"
    "# entries: what the mesh must be told of outside itself.\n"
)
STACK = "delivery"


def components(graph: Graph) -> dict[str, Workload]:
    """The chart's own workloads."""
    return {name: workload for name, workload in graph.workloads.items() if workload.stack == STACK}


def text(graph: Graph) -> str:
    """The whole file."""
    content = {
        "network": dict(_network(graph)),
        "mesh": {name: list(_mesh(graph, name)) for name in components(graph)},
        "entries": _entries(graph),
    }
    return HEAD + yaml.dump(content, Dumper=_Indented, sort_keys=False, width=120, default_flow_style=None)


class _Indented(yaml.SafeDumper):
    """Lists below their key, as yamllint wants them."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - the library's own signature
        super().increase_indent(flow=flow, indentless=False)


def _network(graph: Graph) -> Iterator[tuple[str, dict[str, Any]]]:
    """Of what there is several, `<name>-each` are the rules of the further ones."""
    for name, workload in components(graph).items():
        each = workload.each
        yield name, {"ingress": _ingress(graph, name), "egress": _egress(graph, name, but=each.of if each else "")}
        if each:
            yield (
                f"{name}-each",
                {"ingress": _ingress(graph, name), "egress": _egress(graph, name, but=each.instead_of)},
            )


def _ingress(graph: Graph, name: str) -> list[dict[str, Any]]:
    ports = graph.workloads[name].ports
    rules = [(port, [_caller(graph, caller) for caller in _admitted(graph, name, port)]) for port in ports]
    return [{"port": port, "from": callers} for port, callers in rules if callers]


def _admitted(graph: Graph, name: str, port: str) -> list[str]:
    """Addresses first, then namespaces, then pods; the node needs no rule."""
    nodes = {caller: graph.node(caller) for caller in graph.callers(name, port)}
    wanted = [caller for caller, node in nodes.items() if not (isinstance(node, Outside) and node.on_node)]
    return sorted(wanted, key=lambda caller: (isinstance(nodes[caller], Workload), not nodes[caller].chart_caller))


def _caller(graph: Graph, caller: str) -> dict[str, str]:
    node = graph.node(caller)
    if node.chart_caller:
        name, _, kind = node.chart_caller.partition(".")
        return {kind: name}
    if caller in components(graph):
        return {"component": caller}
    raise ValueError(
        f"{caller} calls the chart's pods, and no value of the chart says from where: give it chart_caller"
    )


def _egress(graph: Graph, name: str, *, but: str) -> list[dict[str, Any]]:
    """One entry a target: a component, or what `todo-app.egress.<name>` knows."""
    return [_target(graph, call) for call in graph.targets(name) if call.to != but]


def _target(graph: Graph, call: Call) -> dict[str, Any]:
    node: Node = graph.node(call.to)
    if call.to in components(graph):
        return {"to": "component", "component": call.to, "port": call.port}
    if not node.chart_target:
        raise ValueError(f"the chart's pods call {call.to}, and the chart knows no way to it: give it chart_target")
    return {"to": node.chart_target, **({"direct": True} if call.past_pooler else {})}


def _mesh(graph: Graph, name: str) -> Iterator[dict[str, Any]]:
    """Only pods have an identity: what comes from outside goes through the gateway once there is a mesh."""
    for caller, call in graph.edges("full"):
        node = graph.node(caller)
        if call.to != name or not isinstance(node, Workload):
            continue
        ports = [str(number) for number in graph.node(name).ports[call.port].numbers]
        looks = [{"methods": list(http.methods), "paths": list(http.paths)} for http in call.http]
        yield {
            "principal": f"ns/{node.namespace}/sa/{node.account}",
            "operations": [{"ports": [*ports], **look} for look in looks or [{}]],
        }


def _entries(graph: Graph) -> list[str]:
    """Targets of the chart's pods that lie outside the mesh, or may by the chart's values."""
    found: dict[str, None] = {}
    for call in (call for name in components(graph) for call in graph.targets(name)):
        node = graph.node(call.to)
        if node.chart_target and (isinstance(node, Outside) or (isinstance(node, Workload) and node.stack == "data")):
            found[node.chart_target] = None
    return [*found]
