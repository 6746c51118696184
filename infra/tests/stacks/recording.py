"""Run a Pulumi program against recording mocks: what it declares, in which order, depending on what."""

import asyncio
import os
import runpy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks, set_mocks
from pulumi.runtime.settings import get_root_resource
from pulumi.runtime.stack import Stack, run_pulumi_func

from infra.lib.paths import REPOSITORY

STACKS = REPOSITORY / "infra" / "stacks"


@dataclass(frozen=True, kw_only=True)
class Declared:
    """One resource as the program registered it."""

    urn: str
    type: str
    name: str
    parent: str
    inputs: dict[str, Any]
    depends_on: frozenset[str]
    protect: bool
    timeouts: dict[str, str]


@dataclass
class Recorded:
    """Resources in the order of registration, and the program's exports."""

    resources: list[Declared] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)

    def objects(self) -> list[Declared]:
        """The Kubernetes resources, without components and references."""
        return [item for item in self.resources if item.type.startswith("kubernetes:")]

    def get(self, kind: str, name: str) -> Declared:
        """The one resource of a kind with a `metadata.name` (or release name)."""
        found = [item for item in self.objects() if item.type.endswith(f":{kind}") and name == _name_of(item)]
        assert len(found) == 1, f"{kind} {name}: {len(found)} found in {[_name_of(item) for item in self.objects()]}"
        return found[0]


def _name_of(item: Declared) -> str:
    return str(item.inputs.get("metadata", {}).get("name") or item.inputs.get("name"))


class _Monitor(MockMonitor):
    """The SDK's mock monitor, keeping what it drops: parent, dependencies, protection, timeouts."""

    def __init__(self, recorded: Recorded, references: Mapping[str, Mapping[str, Any]]) -> None:
        self.echo = _Echo(references)
        super().__init__(self.echo)
        self._recorded = recorded

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802, ANN401 - the name and types of the SDK's gRPC stub
        response = super().RegisterResource(request)  # type: ignore[no-untyped-call] # the SDK's mocks have no types
        if request.type != "pulumi:pulumi:Stack":
            custom = request.customTimeouts
            self._recorded.resources.append(
                Declared(
                    urn=response.urn,
                    type=request.type,
                    name=request.name,
                    parent=request.parent,
                    inputs=_plain(pulumi.runtime.rpc.deserialize_properties(request.object)),
                    depends_on=frozenset(request.dependencies),
                    protect=request.protect,
                    timeouts={name: getattr(custom, name) for name in ("create", "update") if getattr(custom, name)},
                )
            )
        return response


class _Echo(Mocks):
    """Every resource comes out as it went in; a stack reference answers with the given outputs."""

    def __init__(self, references: Mapping[str, Mapping[str, Any]]) -> None:
        self._references = references
        # The SDK makes an event loop on each thread it calls us on, and leaves it open.
        self.loops: set[asyncio.AbstractEventLoop] = set()

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        self.loops.add(asyncio.get_event_loop())
        if args.typ == "pulumi:pulumi:StackReference":
            _, project, _ = args.name.split("/")
            return args.name, {"name": args.name, "outputs": dict(self._references[project])}
        return f"{args.name}-id", dict(args.inputs)

    def call(self, args: MockCallArgs) -> dict[Any, Any]:  # type: ignore[override] # a list of failures is optional
        raise AssertionError(f"the stacks call no function, but {args.token} was called")


def _plain(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """JSON values as written: the wire has only floats, so whole ones become integers again."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def record(
    program: Callable[[], Any],
    *,
    project: str = "project",
    stack: str = "local",
    config: Mapping[str, str] | None = None,
    references: Mapping[str, Mapping[str, Any]] | None = None,
) -> Recorded:
    """What `program` declares; exceptions of the program come through."""
    recorded = Recorded()
    monitor = _Monitor(recorded, references or {})

    async def _run() -> None:
        set_mocks(monitor.mocks, project=project, stack=stack, preview=False, monitor=monitor)
        pulumi.runtime.set_all_config({f"{project}:{key}": value for key, value in (config or {}).items()})
        await run_pulumi_func(program)
        root = get_root_resource()
        assert isinstance(root, Stack)
        for key, value in root.outputs.items():
            recorded.outputs[key] = _plain(await pulumi.Output.from_input(value).future())

    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(_run())
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        for opened in {loop, *monitor.echo.loops}:
            opened.close()
    return recorded


def record_stack(
    name: str,
    *,
    env: str,
    config: Mapping[str, str],
    references: Mapping[str, Mapping[str, Any]],
) -> Recorded:
    """Run `infra/stacks/<name>` as an engine does: its folder is the working folder, its file is `__main__`."""
    folder: Path = STACKS / name
    before = Path.cwd()
    os.chdir(folder)
    try:
        return record(
            lambda: runpy.run_path(str(folder / "__main__.py"), run_name="__main__"),
            project=f"slipway-{name}",
            stack=env,
            config=config,
            references=references,
        )
    finally:
        os.chdir(before)
