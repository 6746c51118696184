"""N5: every rendered object and field has one owner, in every environment and with every switch of the chart."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from infra.graph.model import Profile
from infra.lib.ownership import Ownership, ownership
from infra.tests.charts.helm import scenario, scenarios, template
from infra.tests.stacks.objects import Object, world
from infra.tests.stacks.ownership_checks import trespassing, with_two_owners, without_owner
from infra.tests.stacks.whole import ENVIRONMENTS, PROFILES

CHECKS = (without_owner, with_two_owners, trespassing)
MAP = ownership()
WEBHOOK = {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "ValidatingWebhookConfiguration",
    "metadata": {"name": "gatekeeper-validating-webhook-configuration"},
    "webhooks": [{"name": "a", "clientConfig": {"caBundle": "", "service": {"name": "g"}}}],
}


def problems(objects: Sequence[Object], known: Ownership = MAP) -> list[str]:
    return [found for check in CHECKS for found in check(known, objects)]


def broken(kind: str, breaks: Callable[[dict[str, Any]], object], env: str = "production") -> list[Object]:
    """The world with every object of a kind changed."""
    found = []
    for item in world(env):
        manifest = copy.deepcopy(item.manifest) if item.kind == kind else item.manifest
        if item.kind == kind:
            breaks(manifest)
        found.append(replace(item, manifest=manifest))
    return found


def changed(**parts: object) -> Ownership:
    return Ownership.model_validate({**MAP.model_dump(), **parts})


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_every_object_and_field_of_an_environment_has_one_owner(env: str, profile: Profile) -> None:
    assert problems(world(env, profile)) == []


@pytest.mark.parametrize("name", scenarios())
def test_every_object_and_field_of_a_scenario_has_one_owner(name: str) -> None:
    assert problems([Object("delivery", manifest) for manifest in template(scenario(name))]) == []


def test_replicas_beside_an_autoscaler_are_found() -> None:
    found = problems(broken("Deployment", lambda manifest: manifest["spec"].update(replicas=3)))

    assert len(found) == 1
    assert "todo-app-web: spec.replicas is set, which belongs to HorizontalPodAutoscaler" in found[0]


def test_a_status_in_a_manifest_is_found() -> None:
    assert any("status.ready" in each for each in problems(broken("Service", lambda m: m.update(status={"ready": 1}))))


def test_a_volume_bound_by_hand_is_found() -> None:
    objects = broken("PersistentVolume", lambda m: m["spec"]["claimRef"].update(uid="x"), env="local")

    assert any("spec.claimRef.uid" in each for each in problems(objects))


def test_a_secret_of_a_program_is_found() -> None:
    assert any(
        "every Secret is made by" in each
        for each in problems(broken("ServiceAccount", lambda m: m.update(kind="Secret")))
    )


def test_a_stack_without_owner_is_found() -> None:
    left = {name: owner for name, owner in MAP.stacks.items() if name != "data"}

    assert any("who owns stack data" in each for each in problems(world("local"), changed(stacks=left)))


def test_an_object_of_two_stacks_is_found() -> None:
    objects = world("local")

    assert any("is the same" in each for each in problems([*objects, replace(objects[0], stack="data")]))


def test_a_field_of_two_owners_is_found() -> None:
    second = {"kinds": ["Service"], "path": "spec.*", "owner": "istio"}
    third = {"kinds": ["Service"], "path": "spec.ports", "owner": "gatekeeper"}
    known = changed(fields=[*[rule.model_dump() for rule in MAP.fields], second, third])

    assert any("belongs to ['gatekeeper', 'istio']" in each for each in problems(world("local"), known))


def test_a_first_value_is_no_trespass() -> None:
    item = Object("platform", WEBHOOK)

    assert problems([item]) == []
    strict = [{**rule.model_dump(), "first": False} for rule in MAP.fields]
    assert any("caBundle" in each for each in problems([item], changed(fields=strict)))


def test_an_owner_that_is_no_engine_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no engine nobody"):
        changed(releases="nobody")
