"""R35: a policy with one expression less, an operator turned or a word missing is noticed by the suites."""

import pytest

from infra.lib import policies
from infra.lib.policies import Policy
from infra.verify.policies import corpus, mutants
from infra.verify.policies.corpus import Attempt

ALL = policies.load()
ATTEMPTS = corpus.read()
SUITES = mutants.suites()
FEWEST = 200
LIBRARY_USERS = [policy for policy in ALL if len(policy.modules) > 1]


@pytest.mark.parametrize("policy", ALL, ids=lambda policy: str(policy.name))
def test_every_mutant_of_a_policy_is_noticed_by_its_suite(policy: Policy) -> None:
    made = list(mutants.mutants(policy, library=False))

    assert made
    assert mutants.survivors(made, policy, SUITES[policy.name]) == []


def test_every_mutant_of_the_library_is_noticed_by_some_suite() -> None:
    made = list(mutants.mutants(LIBRARY_USERS[0], library=True))

    assert made
    assert [mutant.what for mutant in made if not mutants.noticed(mutant, ALL, SUITES)] == []


def forgotten(policy: Policy, attempts: list[Attempt]) -> list[str]:
    """Kinds whose loss in the constraint no attempt notices."""
    return [what for what, less in mutants.narrower(policy) if not mutants.escapes(policy, less, attempts)]


@pytest.mark.parametrize("policy", ALL, ids=lambda policy: str(policy.name))
def test_every_kind_of_a_constraint_has_an_attempt_that_needs_it(policy: Policy) -> None:
    assert forgotten(policy, ATTEMPTS) == []


def test_a_kind_without_an_attempt_is_noticed() -> None:
    """The twin: without its route nobody would notice that the constraint names none."""
    policy = next(policy for policy in ALL if policy.name == "unique-route-hosts")
    others = [attempt for attempt in ATTEMPTS if attempt.item["kind"] != "HTTPRoute"]

    assert forgotten(policy, others) == ["unique-route-hosts without gateway.networking.k8s.io HTTPRoute"]


def test_there_are_enough_mutants() -> None:
    assert len(mutants.everything()) >= FEWEST


def test_a_suite_that_looks_at_one_side_lets_mutants_live() -> None:
    """The twin: without its refusals a suite does not notice what a policy no longer refuses."""
    policy = next(policy for policy in ALL if policy.name == "no-secret-in-env")
    allowed = [case for case in SUITES[policy.name] if case.refused is None]
    made = list(mutants.mutants(policy, library=False))

    assert not all(mutants.killed(mutant, policy, allowed) for mutant in made)
