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
    """One case: an object, what else is known, the constraint, and the message it is refused with; None: allowed.

    `times`: how many such messages there have to be; 0 for any number.
    """

    policy: str
    name: str
    constraint: Object
    item: Object
    inventory: tuple[Object, ...]
    refused: str | None
    times: int = 0

    def holds(self, judge: Judge) -> bool:
        """Whether the judge says what the suite expects."""
        messages = judge.messages(self.constraint, self.item, self.inventory)
        if self.refused is None:
            return not messages
        found = sum(1 for message in messages if re.search(self.refused, message))
        return found == self.times if self.times else found > 0

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
                *_refused(entry["assertions"]),
            )


def _refused(assertions: list[Mapping[str, Any]]) -> tuple[str | None, int]:
    [assertion] = assertions
    wanted = assertion["violations"]
    if wanted in ("no", False):
        return None, 0
    return str(assertion.get("message", "")), 0 if wanted in ("yes", True) else int(wanted)


def read(file: Path) -> Object:
    """One object of a file."""
    content: Object = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return content
