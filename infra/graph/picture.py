"""The graph as people see it: a picture, and every call in a table."""

from collections.abc import Iterator

from infra.graph.model import Call, Graph, Outside, Profile, Workload
from infra.lib.paths import REPOSITORY

FILE = REPOSITORY / "docs" / "service-graph.md"
README = REPOSITORY / "README.md"
BEGIN, END = "<!-- graph:begin, generated -->\n", "<!-- graph:end -->\n"
# Every caller of names and every probe as a line would hide the rest; the table has them.
LEFT_OUT = frozenset({"coredns", "kubelet"})
HEAD = """\
# Who may call whom

Written by `make graph` from [contracts/service-graph.yaml](../contracts/service-graph.yaml), the one place to declare
a call: network policies, the mesh's authorization policies and this page follow from it. Solid lines are in `mini`,
dotted ones come with `standard` or only with `full`, and a call may end with a profile (`mini to mini`): the table's
column Profile says which. A line stands for all ports of its pair. Names (DNS) and probes are in the table only.

"""
TABLE = """\

## Calls

| Caller | Target | Port | Profile | Requests |
|---|---|---|---|---|
"""
IDENTITIES = """
## Identities

| Workload | Namespace | Service account | Stack |
|---|---|---|---|
"""
README_HEAD = "```mermaid\nflowchart LR\n"
INSTANCE = "    subgraph instance [embedded instance: its own network, mount and PID namespace]\n"
README_TAIL = """\
        node[etcd, API server, scheduler, controllers, kubelet, containerd]
        api-server --- node
    end
    stacks[Pulumi stacks in Python] -->|server-side apply, helm| node
    slipway[slipway: make up] --> stacks
    slipway --> images[images: buildah, wheels, Go modules] --> node
```
"""


def page(graph: Graph) -> str:
    """The whole document."""
    lines = [*_outside(graph, "full"), *_picture(graph, "full")]
    picture = "```mermaid\nflowchart LR\n" + "".join(f"    {line}\n" for line in lines) + "```\n"
    return HEAD + picture + TABLE + "".join(_rows(graph)) + IDENTITIES + "".join(_identities(graph))


def readme(text: str, graph: Graph) -> str:
    """The README with the picture of `mini` between its marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    outside = "".join(f"    {line}\n" for line in _outside(graph, "mini"))
    lines = "".join(f"        {line}\n" for line in _picture(graph, "mini"))
    return f"{before}{BEGIN}{README_HEAD}{outside}{INSTANCE}{lines}{README_TAIL}{END}{after}"


def _edges(graph: Graph, profile: Profile) -> list[tuple[str, Call]]:
    """What is drawn; the large picture is of all profiles together."""
    found = graph.edges(None if profile == "full" else profile)
    return [(caller, call) for caller, call in found if not {caller, call.to} & LEFT_OUT]


def _outside(graph: Graph, profile: Profile) -> Iterator[str]:
    drawn = {name for caller, call in _edges(graph, profile) for name in (caller, call.to)}
    for name, outside in graph.outside.items():
        if name in drawn and _shown(outside, profile):
            yield f"{name}{_box(outside)}"


def _picture(graph: Graph, profile: Profile) -> Iterator[str]:
    edges = _edges(graph, profile)
    drawn = {name for caller, call in edges for name in (caller, call.to)}
    for namespace in dict.fromkeys(workload.namespace for workload in graph.workloads.values()):
        inside = {name: node for name, node in graph.workloads.items() if node.namespace == namespace and name in drawn}
        if inside:
            yield f"subgraph ns-{namespace} [namespace {namespace}]"
            yield from (f"    {name}{_box(node)}" for name, node in inside.items())
            yield "end"
    for caller, target in dict.fromkeys((caller, call.to) for caller, call in edges):
        if all(_shown(graph.node(name), profile) for name in (caller, target)):
            yield f"{caller} {_arrow(graph, caller, target)} {target}"


def _shown(node: object, profile: Profile) -> bool:
    """The small picture leaves out what an operator has to set first."""
    return profile == "full" or not (isinstance(node, Outside) and node.set_by)


def _box(node: Workload | Outside) -> str:
    if isinstance(node, Outside) and not node.stores:
        return f'(["{node.title}"])'
    return f'[("{node.title}")]' if node.stores else f'["{node.title}"]'


def _arrow(graph: Graph, caller: str, target: str) -> str:
    return "-->" if target in {call.to for call in graph.targets(caller, "mini")} else "-.->"


def _rows(graph: Graph) -> Iterator[str]:
    for caller, call in graph.edges():
        ports = "/".join(map(str, graph.node(call.to).ports[call.port].numbers))
        asked = "; ".join(
            f"{' '.join(http.methods)} {' '.join(f'`{path}`' for path in http.paths)}" for http in call.http
        )
        first = next(
            profile for profile in ("mini", "standard", "full") if (caller, call) in list(graph.edges(profile))
        )
        profile = f"{first} to {call.until}" if call.until else first
        yield f"| {caller} | {call.to} | {call.port} {ports} | {profile} | {asked or '-'} |\n"


def _identities(graph: Graph) -> Iterator[str]:
    for name, workload in graph.workloads.items():
        yield f"| {name} | {workload.namespace} | {workload.account} | {workload.stack} |\n"
