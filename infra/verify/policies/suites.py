"""The cases of the suites, read as gator reads them, and judged in Python."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from infra.lib.policies import Object, Policy
from infra.verify.policies.rego import Judge


@dataclass(frozen=True)
class Case:
    """One case: an object, what else is known, the constraint, and the message it is refused with; None: allowed."""

    policy: str
    name: str
    constraint: Object
    item: Object
    inventory: tuple[Object, ...]
    refused: str | None

    def holds(self, judge: Judge) -> bool:
        """Whether the judge says what the suite expects."""
        messages = judge.messages(self.constraint, self.item, self.inventory)
        if self.refused is None:
            return not messages
        return any(re.search(self.refused, message) for message in messages)

    def __str__(self) -> str:
        return f"{self.policy}/{self.name}"


def cases(policy: Policy) -> Iterator[Case]:
    """Every case of a policy's suite."""
    for test in read(policy.folder / "suite.yaml")["tests"]:
        constraint = read(policy.folder / test["constraint"])
        for entry in test["cases"]:
            yield Case(
                policy.name,
                entry["name"],
                constraint,
                read(policy.folder / entry["object"]),
                tuple(read(policy.folder / file) for file in entry.get("inventory", [])),
                _refused(entry["assertions"]),
            )


def _refused(assertions: list[Mapping[str, Any]]) -> str | None:
    [assertion] = assertions
    return None if assertion["violations"] in ("no", False) else str(assertion.get("message", ""))


def read(file: Path) -> Object:
    """One object of a file."""
    content: Object = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return content
