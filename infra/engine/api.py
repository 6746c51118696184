"""What the front door knows about an engine: run a Pulumi program of `infra/stacks` on a cluster.

Two engines, one program (design §2). How a program gets its settings, with either engine: plain
`pulumi.Config()` of its project. Values come, later ones winning, from the `default`s of
`Pulumi.yaml` `config:`, from `Pulumi.<environment>.yaml` and from `overrides`; lists and mappings
are read with `config.require_object`. `pulumi.get_stack()` is the environment. The working folder
is the stack's own, so a chart path may be relative to it. Every object has an explicit
`metadata.name`, every Helm release an explicit `name`: no engine-made random names.
Another stack's outputs: `pulumi.StackReference(f"organization/slipway-foundation/{get_stack()}")`.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from infra.lib.report import Report, silent

ENVIRONMENTS = ("local", "dev", "staging", "production")


class Action(StrEnum):
    """What happened, or in a preview would happen, to one object."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    DELETED = "deleted"
    SKIPPED = "skipped"  # left alone on purpose; `note` says why


@dataclass(frozen=True, kw_only=True)
class StackRef:
    """One stack: its short name (`foundation`), the folder of its Pulumi.yaml, the environment."""

    name: str
    directory: Path
    environment: str


@dataclass(frozen=True, kw_only=True)
class ObjectResult:
    """One object and what became of it; `diff` is a unified diff in a preview, empty otherwise."""

    api_version: str
    kind: str
    namespace: str
    name: str
    action: Action
    note: str = ""
    diff: str = ""

    def __str__(self) -> str:
        place = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind} {place}{self.name}"


@dataclass(frozen=True, kw_only=True)
class StackResult:
    """The outcome of one run of one stack; everything in it is JSON-able."""

    stack: str
    environment: str
    engine: str
    objects: tuple[ObjectResult, ...] = ()
    outputs: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def counts(self) -> dict[str, int]:
        """How many objects had each action; every action is a key."""
        found = Counter(item.action for item in self.objects)
        return {action.value: found[action] for action in Action}

    @property
    def changed(self) -> int:
        """How many objects were created, updated or deleted."""
        return sum(item.action in {Action.CREATED, Action.UPDATED, Action.DELETED} for item in self.objects)

    def diff(self) -> str:
        """The unified diffs of all objects of a preview, one after the other."""
        return "".join(item.diff for item in self.objects)

    def as_json(self) -> dict[str, Any]:
        """For `--json`: counts first, then each object."""
        return {**asdict(self), "outputs": dict(self.outputs), "counts": self.counts}


class Engine(Protocol):
    """Runs stacks. Every method raises SlipwayError only; the caller holds the instance's lock."""

    @property
    def name(self) -> str:
        """`pulumi` or `direct`: what the inventory records."""

    def up(
        self, stack: StackRef, *, overrides: Mapping[str, Any] | None = None, report: Report = silent
    ) -> StackResult:
        """Make the cluster as the program says, prune what it no longer says, wait until all is ready."""

    def preview(
        self, stack: StackRef, *, overrides: Mapping[str, Any] | None = None, report: Report = silent
    ) -> StackResult:
        """What `up` would do, with a diff for each object; changes nothing."""

    def render(
        self, stack: StackRef, directory: Path, *, overrides: Mapping[str, Any] | None = None, report: Report = silent
    ) -> StackResult:
        """Write the manifests to `directory/<stack>/`, a file an object; needs no cluster.

        Also writes `outputs.json` (read by later stacks' references, so render in order) and
        `graph.json` (each object's file, level and what it depends on).
        """

    def down(self, stack: StackRef, *, report: Report = silent) -> StackResult:
        """Delete what the inventory lists, dependents first, and wait until it is gone."""

    def outputs(self, stack: StackRef) -> Mapping[str, Any]:
        """What the stack exported in its last complete `up`; empty when there was none."""

    def close(self) -> None:
        """End what the engine keeps running; it starts again when it is used again."""
