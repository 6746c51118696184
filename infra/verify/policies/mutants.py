"""Policies broken on purpose (R35): each mutant has one thing changed (changes.py); its suite must notice.

What is changed is the Rego of the policy and of its library.
"""

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from infra.lib import policies
from infra.lib.policies import Object, Policy
from infra.verify.policies.changes import changes
from infra.verify.policies.corpus import Attempt
from infra.verify.policies.rego import Judge, matches
from infra.verify.policies.suites import Case, cases

OWN = "policy"


@dataclass(frozen=True)
class Mutant:
    """The Rego of a policy with one change; `what` shows it."""

    policy: str
    what: str
    module: str
    text: str


def mutants(policy: Policy, *, library: bool) -> Iterator[Mutant]:
    """Every mutant of a policy's own Rego, or of its library's."""
    for module, text in policy.modules.items():
        if (module != OWN) is not library:
            continue
        lines = text.splitlines()
        for change in changes(lines):
            what = f"{module}:{change.begin + 1}: {change.what}: {lines[change.begin].strip()}"
            yield Mutant(policy.name, what, module, change.of(lines))


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


def survivors(made: Iterable[Mutant], policy: Policy, known: Sequence[Case]) -> list[str]:
    """What is changed in those that no case of the policy notices."""
    order, alive = list(known), []
    for mutant in made:
        killer = _killer(mutant, policy, order)
        if killer is None:
            alive.append(mutant.what)
        else:  # the next mutant is of a line beside this one: what noticed this is asked first
            order.insert(0, order.pop(killer))
    return alive


def killed(mutant: Mutant, policy: Policy, known: Sequence[Case]) -> bool:
    """Whether a case of the policy's suite has another verdict, or the Rego no longer compiles."""
    return _killer(mutant, policy, known) is not None


def _killer(mutant: Mutant, policy: Policy, known: Sequence[Case]) -> int | None:
    """The place of the case that notices it; 0 when the Rego does not compile."""
    modules = {**policy.modules, mutant.module: mutant.text}
    try:
        judge = Judge.of(policy.template, modules)
        return next((number for number, case in enumerate(known) if not case.holds(judge)), None)
    except Exception:  # noqa: BLE001 - rego-cpp's own error types are not exported; what does not compile is noticed
        return 0
