"""Stand-ins at the front door's own borders: a cluster and an engine that remember what was asked of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from infra.cluster.api import ClusterInfo, NodeImages
from infra.engine.api import Action, ObjectResult, StackRef, StackResult
from infra.lib.report import Report, silent
from infra.slipway.options import choose
from infra.slipway.session import Session


@dataclass
class FakeCluster:
    """A cluster that is only a record of calls."""

    calls: list[str] = field(default_factory=list)
    is_running: bool = True
    facts: ClusterInfo = field(default_factory=lambda: ClusterInfo(kind="embedded", running=True))
    config: Path = Path("kubeconfig")

    def start(self, report: Report, *, images: NodeImages) -> None:
        self.calls.append(f"start {images.pause}")

    def stop(self) -> None:
        self.calls.append("stop")

    def delete(self, report: Report) -> None:
        self.calls.append("delete")

    def running(self) -> bool:
        return self.is_running

    def kubeconfig(self) -> Path:
        return self.config

    def context(self) -> str | None:
        return None

    def load_images(self, archives: Mapping[str, Path], report: Report) -> None:
        self.calls.append(f"load {', '.join(sorted(archives))}")

    def expose(self, namespace: str, service: str, port: int, host_port: int) -> None:
        self.calls.append(f"expose {namespace}/{service}:{port} on {host_port}")

    def unseal(self, report: Report, *, wanted: bool) -> None:
        self.calls.append(f"unseal {wanted}")

    def info(self) -> ClusterInfo:
        return self.facts


@dataclass
class FakeEngine:
    """An engine that creates one object a stack; `there` are the stacks it could delete."""

    name: str = "direct"
    there: frozenset[str] = frozenset({"foundation", "data", "delivery"})
    calls: list[str] = field(default_factory=list)
    overrides: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def _result(
        self, verb: str, stack: StackRef, action: Action, given: Mapping[str, Any] | None = None
    ) -> StackResult:
        self.calls.append(f"{verb} {stack.name}")
        self.overrides[stack.name] = given or {}
        made = ObjectResult(api_version="v1", kind="Namespace", namespace="", name=stack.name, action=action)
        return StackResult(stack=stack.name, environment=stack.environment, engine=self.name, objects=(made,))

    def up(
        self, stack: StackRef, *, overrides: Mapping[str, Any] | None = None, report: Report = silent
    ) -> StackResult:
        return self._result("up", stack, Action.CREATED, overrides)

    def preview(
        self, stack: StackRef, *, overrides: Mapping[str, Any] | None = None, report: Report = silent
    ) -> StackResult:
        return self._result("preview", stack, Action.UPDATED, overrides)

    def render(
        self, stack: StackRef, directory: Path, *, overrides: Mapping[str, Any] | None = None, report: Report = silent
    ) -> StackResult:
        (directory / stack.name).mkdir()
        return self._result("render", stack, Action.CREATED, overrides)

    def down(self, stack: StackRef, *, report: Report = silent) -> StackResult:
        gone = self._result("down", stack, Action.DELETED)
        return gone if stack.name in self.there else replace(gone, objects=())

    def outputs(self, stack: StackRef) -> Mapping[str, Any]:
        return {}


def session(
    *,
    cluster: FakeCluster | None = None,
    engine: FakeEngine | None = None,
    cluster_choice: str = "",
    environment: str = "",
    port: str = "",
    profile: str = "",
    yes: bool = False,
    json: bool = False,
) -> Session:
    """A session of the chosen options with the fakes in place of what they would select."""
    chosen = choose(cluster=cluster_choice, environment=environment, port=port, profile=profile, yes=yes, json=json)
    made = Session(chosen)
    made.__dict__["cluster"] = cluster or FakeCluster()  # cached properties keep their value here
    made.__dict__["engine"] = made.__dict__["renderer"] = engine or FakeEngine()
    return made
