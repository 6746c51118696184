"""Which addresses the rendered pods are told, and what else shows whom they call."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from infra.graph.model import Graph
from infra.lib.paths import REPOSITORY
from infra.tests.charts.helm import CHART
from infra.tests.graph.looks import addresses
from infra.tests.graph.scenes import node_of
from infra.tests.graph.texts import beside_the_environment, environment
from infra.tests.stacks.objects import Object

SETTINGS = REPOSITORY / "app" / "config" / "environment.py"
# Addresses that the service is told and does not call: its own, and the page to which it sends browsers.
OWN = frozenset({"TODO_PUBLIC_URL", "TODO_ALLOWED_HOSTS", "TODO_OIDC_AUTHORIZE_URL"})
# Nobody is called by a listener's address, nor by a probe that asks its own pod: postgresql, redis and Vault have such.
ITSELF = re.compile(r"([^/]*://)?(localhost|127(\.\d{1,3}){3}|0\.0\.0\.0|\[::1?\])(:\d+)?(/.*)?$", re.IGNORECASE)
HOST = re.compile(r"([^/]*://)?([^/@]*@)?(?P<host>[\w.-]+)")
CALL = re.compile(r"call\(\"(?P<method>[A-Z]+)\", f?\"(?P<path>[^\"]+)\"")


def app_settings() -> set[str]:
    """Names of the app's variables, read from its source: infra never imports the app."""
    tree = ast.parse(SETTINGS.read_text(encoding="utf-8"))
    model = next(node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name == "Environment")
    fields = [node.target for node in model.body if isinstance(node, ast.AnnAssign)]
    return {f"TODO_{field.id.upper()}" for field in fields if isinstance(field, ast.Name)}


def told(graph: Graph, objects: Sequence[Object]) -> dict[str, set[str]]:
    """Workload → the nodes whose addresses it is told."""
    found: dict[str, set[str]] = {}
    for item in (each for each in objects if each.is_workload):
        given = {name for name, value in environment(item, objects).items() if value}
        names = found.setdefault(node_of(graph, item.namespace, item.pod_labels), set())
        names |= {graph.addresses[name] for name in given if name in graph.addresses}
        names |= {owner for _, address in unnamed(graph, item, objects) if (owner := whose(graph, item, address))}
    return found


def unnamed(graph: Graph, item: Object, objects: Sequence[Object]) -> Iterator[tuple[str, str]]:
    """Where and what: addresses in what a pod is given whose owner no variable's name says.

    Not seen: a bare name without scheme, port or domain, unless the name it is told by says that it is an address
    (`ES_NODES=es-0,es-1`, `--host elastic`); Secrets; config maps that are not rendered, and the program itself.
    """
    variables = environment(item, objects).items()
    given = [(name, name, text) for name, text in variables if name not in {*graph.addresses, *OWN}]
    for where, name, text in (*given, *beside_the_environment(item, objects)):
        yield from ((where, each) for each in addresses(name, text) if not ITSELF.match(each))


def whose(graph: Graph, item: Object, address: str) -> str:
    """The workload whose Service the address names where `item` runs, or ""."""
    match = HOST.match(address)
    for name, workload in graph.workloads.items():
        service = f"{workload.service}.{workload.namespace}"
        names = {service, f"{service}.svc", f"{service}.svc.cluster.local"}
        names |= {str(workload.service)} if workload.namespace == item.namespace else set()
        if match and match["host"] in names:
            return name
    return ""


def unknown(graph: Graph, objects: Sequence[Object]) -> Iterator[str]:
    """Addresses told to a pod that the graph gives to nobody."""
    for item in (each for each in objects if each.is_workload):
        for where, address in unnamed(graph, item, objects):
            if not whose(graph, item, address):
                yield (
                    f"{item}: {where}: {address}: whose address is it? "
                    "Tell it by a variable and say so in `addresses` of the service graph"
                )


def undeclared(graph: Graph, objects: Sequence[Object]) -> Iterator[str]:
    """Who is told an address, may therefore call, and is not declared to."""
    for name, targets in told(graph, objects).items():
        called = {call.to for call in graph.targets(name)}
        for target in sorted(targets - called - set(graph.workloads[name].told_only)):
            yield f"{name} is told where {target} is: declare the call, or say in told_only why there is none"


def unused(graph: Graph, worlds: Sequence[Sequence[Object]]) -> Iterator[str]:
    """Calls of our own pods whose target nobody tells them in any of the worlds, and reasons that are none."""
    known: dict[str, set[str]] = {}
    for objects in worlds:
        for name, targets in told(graph, objects).items():
            known.setdefault(name, set()).update(targets)
    pods = set(graph.addresses.values())
    for caller, call in graph.edges("mini"):
        if caller in known and call.to in pods and call.to not in known[caller]:
            yield f"{caller} -> {call.to}: nothing tells it the address"
    for name, targets in known.items():
        only = set(graph.workloads[name].told_only)
        for target in sorted(only - targets | only & {call.to for call in graph.targets(name)}):
            yield f"{name}: told_only names {target}, which it is not told or is declared to call"


def hosts(graph: Graph, item: Object, objects: Sequence[Object]) -> Iterator[tuple[str, str, int]]:
    """Target, host and port of each address with a name of the cluster in it."""
    given = environment(item, objects)
    for name, value in given.items():
        if name in graph.addresses and ".svc" in value and "," not in value:
            split = urlsplit(value if "://" in value else f"//{value}")
            port = split.port or int(given.get(name.removesuffix("_HOST") + "_PORT", "80"))
            yield graph.addresses[name], split.hostname or "", port


def requests_of_tests() -> set[tuple[str, str]]:
    """Method and path of every request of the chart's tests; a key in a path stands as `key`."""
    health = (CHART / "files" / "health.py").read_text(encoding="utf-8")
    behaviour = (CHART / "files" / "behaviour.py").read_text(encoding="utf-8")
    found = {("GET", path) for path in re.findall(r"\"(/[a-z]+)\"", health)}
    return found | {
        (match["method"], "/api/v1/" + re.sub(r"\{[^}]*\}", "key", match["path"])) for match in CALL.finditer(behaviour)
    }


def probes(item: Object) -> set[tuple[str, str]]:
    """Port and path of every probe by HTTP."""
    found = [
        box[kind]["httpGet"]
        for box in item.containers
        for kind in box
        if kind.endswith("Probe") and "httpGet" in box[kind]
    ]
    return {(str(probe["port"]), str(probe["path"])) for probe in found}


def scrapes(manifest: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Port and path of each endpoint of a monitor."""
    ends = manifest["spec"].get("endpoints") or manifest["spec"].get("podMetricsEndpoints") or []
    return {(str(end["port"]), str(end.get("path", "/metrics"))) for end in ends}
