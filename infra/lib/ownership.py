"""Who owns which object and which field (contracts/ownership.yaml)."""

import copy
import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from itertools import chain
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from infra.lib.paths import REPOSITORY

FILE = REPOSITORY / "contracts" / "ownership.yaml"
Object = dict[str, Any]
Step = str | int


class Strict(BaseModel):
    """Frozen, and a key that is not known is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Engine(Strict):
    """A writer and its field managers, as patterns."""

    title: str
    managers: Annotated[tuple[str, ...], Field(min_length=1)]


class FieldRule(Strict):
    """A field of somebody else than the object's owner; `first`: the object's owner may set its first value."""

    kinds: Annotated[tuple[str, ...], Field(min_length=1)]
    names: tuple[str, ...] = ("*",)
    path: str = Field(min_length=1)
    owner: str
    when: Literal["always", "scaled"] = "always"
    first: bool = False

    @property
    def steps(self) -> tuple[str, ...]:
        """The path's parts."""
        return tuple(self.path.split("."))

    def speaks_of(self, kind: str, name: str) -> bool:
        """Whether it is about objects of this kind and name."""
        return any(each in {"*", kind} for each in self.kinds) and any(fnmatchcase(name, each) for each in self.names)

    def covers(self, path: tuple[Step, ...]) -> bool:
        """Whether this is the field, or lies below it."""
        return len(path) >= len(self.steps) and all(
            step in {"*", str(part)} for step, part in zip(self.steps, path, strict=False)
        )


class Ownership(Strict):
    """The whole file."""

    engines: Mapping[str, Engine]
    stacks: Mapping[str, str]
    releases: str
    made_by_others: Mapping[str, Annotated[tuple[str, ...], Field(min_length=1)]]
    fields: tuple[FieldRule, ...]

    def engines_of(self, manager: str) -> list[str]:
        """The engines that write under this name; one name may stand for several."""
        return [name for name, engine in self.engines.items() if any(fnmatchcase(manager, p) for p in engine.managers)]

    def by_hand(self, manager: str) -> bool:
        """Whether a person wrote, who owns nothing."""
        return "people" in self.engines_of(manager)

    def rules(self, body: Object, *, scaled: bool = False) -> Iterator[FieldRule]:
        """Those about this object; `scaled`: a HorizontalPodAutoscaler points at it."""
        for rule in self.fields:
            if rule.speaks_of(body["kind"], body["metadata"]["name"]) and (rule.when == "always" or scaled):
                yield rule

    def yielded(self, body: Object, live: Object) -> Object:
        """The body without the fields that their owner, another one, has set in the live object."""
        left = copy.deepcopy(body)
        for rule in self.rules(body):
            for entry in live["metadata"].get("managedFields") or []:
                if rule.owner in self.engines_of(entry["manager"]):
                    _drop(left, rule.steps, entry.get("fieldsV1") or {})
        return left

    @model_validator(mode="after")
    def _names_engines(self) -> Self:
        owners = {*self.stacks.values(), self.releases, *chain.from_iterable(self.made_by_others.values())}
        owners |= {rule.owner for rule in self.fields}
        if unknown := owners - set(self.engines):
            raise ValueError(f"there is no engine {min(unknown)}")
        return self


@cache
def ownership() -> Ownership:
    """The map of this repository."""
    return Ownership.model_validate(yaml.safe_load(FILE.read_text(encoding="utf-8")))


def leaves(body: Any, path: tuple[Step, ...] = ()) -> Iterator[tuple[Step, ...]]:  # noqa: ANN401 - any JSON
    """The path of each value of an object."""
    items = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    empty = True
    for key, value in items:
        empty = False
        yield from leaves(value, (*path, key))
    if empty:
        yield path


def _drop(body: Any, steps: tuple[str, ...], owned: Mapping[str, Any]) -> None:  # noqa: ANN401 - any JSON
    """Take the field away wherever `owned`, a `fieldsV1`, has it."""
    step, rest = steps[0], steps[1:]
    if isinstance(body, list):
        for item in body:
            for key, below in owned.items():
                if key.startswith("k:") and json.loads(key[2:]).items() <= item.items():
                    _drop(item, rest, below)
        return
    if not isinstance(body, dict) or step not in body or f"f:{step}" not in owned:
        return
    if rest:
        _drop(body[step], rest, owned[f"f:{step}"])
    else:
        del body[step]
