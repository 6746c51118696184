"""Policies broken on purpose (R35): each mutant has one expression less or turned round; its suite must notice.

What is changed is the Rego of the policy and of its library, line by line: a line of a body is an expression.
"""

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from infra.lib import policies
from infra.lib.policies import Object, Policy
from infra.verify.policies.corpus import Attempt
from infra.verify.policies.rego import Judge, matches
from infra.verify.policies.suites import Case, cases

OWN = "policy"
# What an operator becomes.
TURNED = ((" == ", " != "), (" != ", " == "), (" > ", " < "), (" <= ", " > "), ("not ", ""), (" in ", " == "))


@dataclass(frozen=True)
class Mutant:
    """The Rego of a policy with one change; `what` shows it."""

    policy: str
    what: str
    module: str
    text: str


def mutants(policy: Policy, *, library: bool) -> Iterator[Mutant]:
    """Every mutant of a policy's own Rego, or of its library's: an expression left out, an operator turned, a word
    taken from a set."""
    for module, text in policy.modules.items():
        if (module != OWN) is not library:
            continue
        lines = text.splitlines()
        for number, line in enumerate(lines):
            for what, changed in _changes(line, inside=line.startswith(" ")):
                mutated = "\n".join([*lines[:number], *changed, *lines[number + 1 :]]) + "\n"
                yield Mutant(policy.name, f"{module}:{number + 1}: {what}: {line.strip()}", module, mutated)


def everything() -> list[Mutant]:
    """Those of every policy, then those of the library, which is the same in each policy that has it."""
    listed = policies.load()
    users = [policy for policy in listed if len(policy.modules) > 1]
    own = [mutant for policy in listed for mutant in mutants(policy, library=False)]
    return [*own, *mutants(users[0], library=True)]


def narrower(policy: Policy) -> Iterator[tuple[str, Object]]:
    """Its constraint with one kind less, and which."""
    for number, entry in enumerate(policy.constraint["spec"]["match"]["kinds"]):
        for kind in entry["kinds"]:
            made = copy.deepcopy(policy.constraint)
            made["spec"]["match"]["kinds"][number]["kinds"].remove(kind)
            yield f"{policy.name} without {'/'.join(entry['apiGroups'])} {kind}", made


def escapes(policy: Policy, constraint: Object, attempts: Sequence[Attempt]) -> bool:
    """Whether an attempt that the policy refuses gets past it by this constraint."""
    return any(
        policy.name in attempt.refused
        and matches(policy.constraint, attempt.item)
        and not matches(constraint, attempt.item)
        for attempt in attempts
    )


def suites() -> dict[str, list[Case]]:
    """Every policy's cases."""
    return {policy.name: list(cases(policy)) for policy in policies.load()}


def noticed(mutant: Mutant, listed: Sequence[Policy], known: Mapping[str, Sequence[Case]]) -> bool:
    """Whether the suite of its policy notices it; of the library's, that of any policy that has the library."""
    if mutant.module == OWN:
        listed = [policy for policy in listed if policy.name == mutant.policy]
    return any(killed(mutant, policy, known[policy.name]) for policy in listed if mutant.module in policy.modules)


def killed(mutant: Mutant, policy: Policy, known: Sequence[Case]) -> bool:
    """Whether a case of the policy's suite has another verdict, or the Rego no longer compiles."""
    modules = {**policy.modules, mutant.module: mutant.text}
    try:
        judge = Judge.of(policy.template, modules)
        return not all(case.holds(judge) for case in known)
    except Exception:  # noqa: BLE001 - rego-cpp's own error types are not exported; what does not compile is noticed
        return True


def _changes(line: str, *, inside: bool) -> Iterator[tuple[str, list[str]]]:
    stripped = line.strip()
    if not stripped or stripped.startswith(("#", "package", "import")):
        return
    if inside and _expression(stripped):
        yield "left out", []
    for old, new in TURNED:
        head, found, rest = ("", "", line) if inside else line.partition(" if ")
        if old in rest and not rest.strip().startswith(("some ", "every ", "msg :=")):
            yield f"{old.strip()} turned", [head + found + rest.replace(old, new, 1)]
    yield from _smaller_sets(line, stripped)


def _expression(stripped: str) -> bool:
    """A line that says something which has to hold, and nothing that later lines are made of."""
    return not (
        stripped in {"}", "])", "}}"}
        or stripped.startswith(("some ", "msg :=", "}", "`", '"'))
        or ":= " in stripped
        or stripped.endswith(("{", "["))
    )


def _smaller_sets(line: str, stripped: str) -> Iterator[tuple[str, list[str]]]:
    """A set or list of words with one word less."""
    if stripped.startswith("msg :="):
        return
    if re.fullmatch(r'"[^"]+",', stripped) or re.fullmatch(r"`[^`]+`,", stripped):
        yield "left out", []
        return
    for match in re.finditer(r'[\[{]("[\w./:%* -]*"(?:, "[\w./:%* -]*")+)[\]}]', line):
        words = re.findall(r'"[^"]*"', match.group(1))
        for gone in words:
            kept = ", ".join(word for word in words if word != gone)
            yield f"without {gone}", [line[: match.start(1)] + kept + line[match.end(1) :]]
