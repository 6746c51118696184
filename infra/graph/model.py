"""The service graph as data: workloads, what is outside, and the calls between them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Profile = Literal["mini", "standard", "full"]
ORDER: tuple[Profile, ...] = ("mini", "standard", "full")
Stack = Literal["delivery", "data", "platform", "observability", "cluster"]
Method = Literal["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
# A path, or a beginning of paths that ends with /*; the mesh and the tests read it alike.
Path = Annotated[str, Field(pattern=r"^/[A-Za-z0-9._/-]*\*?$")]
ValuePath = Annotated[str, Field(pattern=r"^[a-zA-Z]+(\.[a-zA-Z]+)*$")]


class Strict(BaseModel):
    """Frozen, and a key that is not known is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Port(Strict):
    """Numbers a policy must name for one port; several where clusters differ."""

    numbers: Annotated[tuple[Annotated[int, Field(ge=1, le=65535)], ...], Field(min_length=1)]
    transports: tuple[Literal["TCP", "UDP"], ...] = ("TCP",)
    speaks: Literal["tcp", "http"] = "tcp"


class Node(Strict):
    """One end of a call."""

    title: str = Field(min_length=1, description="What a reader of the picture sees")
    stores: bool = Field(default=False, description="It keeps data")
    ports: Mapping[Name, Port] = Field(default_factory=dict)
    chart_target: Name | None = Field(default=None, description="todo-app.egress.<name> is the chart's way to it")
    chart_caller: ValuePath | None = Field(default=None, description="networkPolicy.<path> are the chart's addresses")


class Each(Strict):
    """One more pod for each of these, with `-<name>` after its component; it calls that one instead of another."""

    of: Name
    instead_of: Name
    labels: Annotated[Mapping[str, str], Field(min_length=1, description="What the pods of all of them have")]


class Workload(Node):
    """Pods: where they are, how a policy selects them, who they are."""

    stack: Stack = Field(description="The stack that makes them; cluster: they come with the cluster")
    profile: Profile = Field(default="mini", description="The smallest profile that has them")
    namespace: Name
    labels: Annotated[Mapping[str, str], Field(min_length=1)]
    account: Name = Field(description="Service account, which is the identity in the mesh")
    service: Name | None = None
    each: Each | None = None
    told_only: Mapping[Name, str] = Field(
        default_factory=dict, description="Whose address it is told and why it never calls"
    )


class Outside(Node):
    """No pod: an address, the node, or whoever comes by the machine's port."""

    on_node: bool = Field(default=False, description="The node itself, which every network plug-in lets in")
    before: Name | None = Field(default=None, description="It stands before this workload and is called instead")
    set_by: ValuePath | None = Field(default=None, description="The chart's value without which nobody calls it")


class Http(Strict):
    """Methods and paths that go together."""

    methods: Annotated[tuple[Method, ...], Field(min_length=1)]
    paths: Annotated[tuple[Path, ...], Field(min_length=1)]

    def allows(self, method: str, path: str) -> bool:
        """Whether this request is meant."""
        return method in self.methods and any(matches(pattern, path) for pattern in self.paths)


def matches(pattern: str, path: str) -> bool:
    """Whole paths, or the beginning before a final `*`."""
    return path.startswith(pattern[:-1]) if pattern.endswith("*") else path == pattern


class Call(Strict):
    """Callers of one port, in the profiles that have both ends, from `since` to `until`."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    callers: Annotated[tuple[Name, ...], Field(min_length=1, alias="from")]
    to: Name
    port: Name
    http: tuple[Http, ...] = Field(default=(), description="Empty: no request is looked at")
    past_pooler: bool = Field(default=False, description="Never through what stands before the target")
    since: Profile | None = Field(default=None, description="The first profile in which they call")
    until: Profile | None = Field(default=None, description="The last profile in which they call")


class Graph(Strict):
    """The whole file; an end or a port that does not exist is refused when it is read."""

    workloads: Mapping[Name, Workload]
    outside: Mapping[Name, Outside]
    addresses: Mapping[str, Name]
    calls: tuple[Call, ...]

    def node(self, name: str) -> Node:
        """A workload or what is outside."""
        return self.workloads[name] if name in self.workloads else self.outside[name]

    def edges(self, profile: Profile | None = None) -> Iterator[tuple[str, Call]]:
        """Caller and call, each that a profile has; of all profiles without one."""
        for call in self.calls:
            for caller in call.callers:
                if profile is None or self._has(profile, caller, call):
                    yield caller, call

    def callers(self, target: str, port: str, profile: Profile | None = None) -> Sequence[str]:
        """The names of all who call a port, in the file's order."""
        found = [caller for caller, call in self.edges(profile) if (call.to, call.port) == (target, port)]
        return sorted(found, key=[*self.workloads, *self.outside].index)

    def targets(self, caller: str, profile: Profile | None = None) -> Sequence[Call]:
        """The calls of one caller, in the file's order."""
        return [call for name, call in self.edges(profile) if name == caller]

    def _has(self, profile: Profile, caller: str, call: Call) -> bool:
        ends = [self.workloads[name].profile for name in (caller, call.to) if name in self.workloads]
        ends += [call.since] if call.since else []
        first = max((ORDER.index(end) for end in ends), default=0)
        last = ORDER.index(call.until) if call.until else len(ORDER)
        return first <= ORDER.index(profile) <= last

    @model_validator(mode="after")
    def _refers_to_what_exists(self) -> Self:
        names = {*self.workloads, *self.outside}
        if twice := set(self.workloads) & set(self.outside):
            raise ValueError(f"{sorted(twice)} are workloads and outside")
        for caller, call in self.edges():
            if missing := {caller, call.to} - names:
                raise ValueError(f"{caller} calls {call.to}: there is no {min(missing)}")
            if call.port not in self.node(call.to).ports:
                raise ValueError(f"{caller} calls {call.to}: it has no port {call.port}")
            if call.http and self.node(call.to).ports[call.port].speaks != "http":
                raise ValueError(f"{caller} calls {call.to}: port {call.port} does not speak http")
        edges = [(caller, call.to, call.port) for caller, call in self.edges()]
        if doubled := {edge for edge in edges if edges.count(edge) > 1}:
            raise ValueError(f"declared twice: {min(doubled)}")
        told = {name for workload in self.workloads.values() for name in workload.told_only}
        told |= {
            name
            for workload in self.workloads.values()
            if (each := workload.each)
            for name in (each.of, each.instead_of)
        }
        before = {node.before for node in self.outside.values() if node.before}
        if unknown := (told | before | set(self.addresses.values())) - names:
            raise ValueError(f"there is no {min(unknown)}")
        return self
