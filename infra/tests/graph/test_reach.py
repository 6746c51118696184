"""R40's static half: for every pair of workloads and every port, the policies allow what the graph declares."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from infra.tests.graph.expected import Question, declared
from infra.tests.graph.netpol import allowed, passes
from infra.tests.graph.scenes import SAMPLES, STRANGER, Scene, questions, scene
from infra.tests.stacks.objects import Object
from infra.tests.stacks.whole import ENVIRONMENTS

Break = Callable[[dict[str, Any]], object]


@cache
def expectations(name: str) -> list[tuple[Question, bool]]:
    """Each question with the graph's answer; both ends are asked alone, as one must hold where the other is open."""
    judged = scene(name)
    asked = [
        Question(side=side, source=source, target=target, port=port, transport=transport)
        for source, target, port, transport in questions(judged)
        for side, end in (("Egress", source), ("Ingress", target))
        if judged.policies.on(judged.places[end], side)
    ]
    return [(question, declared(judged, question)) for question in asked]


@cache
def of_pods(name: str, namespace: str) -> list[tuple[Question, bool]]:
    """Those of them that policies of one namespace decide."""
    places = scene(name).places
    return [
        (question, wanted)
        for question, wanted in expectations(name)
        if places[question.source if question.side == "Egress" else question.target].namespace == namespace
    ]


def disagreements(judged: Scene, namespace: str = "") -> Iterator[str]:
    """Connections on which the policies of one end and the graph differ."""
    policies, places = judged.policies, judged.places
    for question, wanted in of_pods(judged.name, namespace) if namespace else expectations(judged.name):
        ends = {"source": places[question.source], "target": places[question.target]}
        verdict = passes(policies, question.side, **ends, port=question.port, transport=question.transport)
        if verdict is not wanted:
            yield f"{'allowed' if verdict else 'denied'}: {question}"


@pytest.mark.parametrize("name", [*ENVIRONMENTS, "local/standard", "local/full", "production/full", *SAMPLES])
def test_every_pair_and_port_is_as_declared(name: str) -> None:
    asked = expectations(name)

    assert list(disagreements(scene(name))) == []
    assert len(asked) > 2000
    assert sum(answer for _, answer in asked) > 20


def _without(judged: Scene, victim: Object) -> Scene:
    return replace(judged, objects=[item for item in judged.objects if item is not victim])


def _broken(judged: Scene, victim: Object, breaks: Break) -> Scene:
    manifest = copy.deepcopy(victim.manifest)
    breaks(manifest["spec"])
    return replace(
        judged, objects=[replace(item, manifest=manifest) if item is victim else item for item in judged.objects]
    )


def _policies(judged: Scene) -> list[Object]:
    return [item for item in judged.objects if item.kind == "NetworkPolicy"]


WIDER: dict[str, Break] = {
    "everybody may call": lambda spec: spec.update(ingress=[{}]),
    "may call everybody": lambda spec: spec.update(egress=[{}]),
    "callers are not looked at": lambda spec: spec.update(policyTypes=["Egress"]),
    "calls are not looked at": lambda spec: spec.update(policyTypes=["Ingress"]),
}


def _bounds(policy: Object, how: str) -> bool:
    """Without rules of its own for a side, a pod is still bounded there by its namespace's default deny."""
    side = {"callers are not looked at": "ingress", "calls are not looked at": "egress"}.get(how)
    return not side or not policy.spec["podSelector"] or bool(policy.spec.get(side))


@pytest.mark.parametrize("name", ["shards", "local/full"])
@pytest.mark.parametrize("how", WIDER)
def test_each_policy_widened_turns_it_red(how: str, name: str) -> None:
    judged = scene(name)
    found = [each for each in _policies(judged) if _bounds(each, how)]

    assert found
    assert [
        str(each) for each in found if not any(disagreements(_broken(judged, each, WIDER[how]), each.namespace))
    ] == []


@pytest.mark.parametrize("name", ["shards", "local/full"])
def test_each_policy_removed_turns_it_red(name: str) -> None:
    judged = scene(name)

    assert [
        str(each) for each in _policies(judged) if not any(disagreements(_without(judged, each), each.namespace))
    ] == []


def test_each_rule_removed_or_without_peers_or_ports_turns_it_red() -> None:
    judged = scene("mesh")
    missed = []
    for policy in _policies(judged):
        for side, peers in (("ingress", "from"), ("egress", "to")):
            for index, rule in enumerate(policy.spec.get(side) or []):
                breaks: list[Break] = [lambda spec, side=side, index=index: spec[side].pop(index)]  # type: ignore[misc] # defaults bind the loop's values
                breaks += [
                    lambda spec, side=side, index=index, part=part: spec[side][index].pop(part)  # type: ignore[misc] # as above
                    for part in (peers, "ports")
                    if part in rule
                ]
                missed += [
                    f"{policy} {side} {rule}"
                    for each in breaks
                    if not any(disagreements(_broken(judged, policy, each), policy.namespace))
                ]

    assert missed == []


@pytest.mark.parametrize("port", [8080, 15010, 15014])
def test_a_stranger_gets_nothing_of_istiod_in_plain_text(port: int) -> None:
    judged = scene("local/full")
    strangers = [place for name, place in judged.places.items() if name.startswith(STRANGER)]

    assert len(strangers) > 5
    for each in strangers:
        assert not allowed(judged.policies, source=each, target=judged.places["istiod"], port=port), each
