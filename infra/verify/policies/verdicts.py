"""What gator and the same Rego in Python say about attempts: name of an attempt → the policies that refuse it (N7)."""

from collections.abc import Iterable, Sequence
from functools import cache

from infra.components.places import APP_NAMESPACES
from infra.lib import policies
from infra.lib.policies import Object
from infra.lib.report import silent
from infra.verify.policies import corpus, gator
from infra.verify.policies.corpus import Attempt
from infra.verify.policies.rego import Judge

KEPT = frozenset((f"{group}/{version}", kind) for group, version, kind in policies.REFERRED)
Verdicts = dict[str, frozenset[str]]


@cache
def judges() -> tuple[tuple[str, Object, Judge], ...]:
    """Each policy's name, its constraint for app namespaces, its Rego compiled. Not for several threads."""
    return tuple(
        (
            policy.name,
            policies.within(policy.constraint, list(APP_NAMESPACES)),
            Judge.of(policy.template, policy.modules),
        )
        for policy in policies.load()
    )


def refusing(item: Object, world: Sequence[Object] = ()) -> frozenset[str]:
    """The policies that refuse an object, in Python, with what Gatekeeper would know of its world."""
    known = [other for other in world if (other["apiVersion"], other["kind"]) in KEPT]
    return frozenset(name for name, constraint, judge in judges() if judge.messages(constraint, item, known))


def in_python(attempts: Iterable[Attempt]) -> Verdicts:
    """By rego-cpp."""
    return {attempt.name: refusing(attempt.item) for attempt in attempts}


def by_gator(attempts: Iterable[Attempt]) -> Verdicts:
    """The same by gator; namespaces have one name, so each of them is judged by itself."""
    program = gator.program(report=silent)
    listed = list(attempts)
    alone = [[attempt] for attempt in listed if attempt.item["kind"] == "Namespace"]
    together = [attempt for attempt in listed if attempt.item["kind"] != "Namespace"]
    found: Verdicts = {}
    for group in [together, *alone]:
        told = gator.judge(program, policies.load(), [each.item for each in group], namespaces=APP_NAMESPACES)
        by_object: dict[str, set[str]] = {}
        for refusal in told:
            by_object.setdefault(refusal.name, set()).add(refusal.policy)
        for attempt in group:
            found[attempt.name] = frozenset(by_object.get(attempt.item["metadata"]["name"], ()))
    return found


@cache
def attempts() -> tuple[Attempt, ...]:
    """The whole corpus."""
    return tuple(corpus.read())


@cache
def of_gator() -> Verdicts:
    """Gator's verdict on the whole corpus, asked once: it needs seconds however few it is given."""
    return by_gator(attempts())
