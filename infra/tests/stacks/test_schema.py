"""Every rendered object is one that Kubernetes 1.36 takes, with no field it does not know."""

import copy

import kubernetes_validate  # type: ignore[import-untyped] # ships no types
import pytest

from infra.tests.stacks.objects import Object, world
from infra.tests.stacks.whole import ENVIRONMENTS

KUBERNETES = "1.36"


def problems(objects: list[Object]) -> list[str]:
    found = []
    for item in objects:
        try:
            kubernetes_validate.validate(item.manifest, KUBERNETES, strict=True)
        except kubernetes_validate.ValidationError as error:
            found.append(f"{item}: {error.message} at {list(error.path)}")
    return found


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_objects_validate(env: str) -> None:
    assert problems(world(env)) == []


def test_a_misspelt_field_is_noticed() -> None:
    objects = [item for item in world("local") if item.kind == "StatefulSet"]
    broken = copy.deepcopy(objects[0])
    broken.spec["replica"] = broken.spec.pop("replicas")

    assert problems([broken]) != []
