"""Whatever is taken away from any object, a check of the graph reports it: the checks themselves can fail."""

import pytest

from infra.tests.stacks.mutations import MUTATIONS, Mutation
from infra.tests.stacks.objects import world
from infra.tests.stacks.test_graph import ALL


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: str(mutation.name).replace(" ", "-"))
def test_each_object_broken_alone_is_reported(mutation: Mutation) -> None:
    subjects, missed = 0, []
    for env in ("local", "production"):
        victims = [index for index, item in enumerate(world(env)) if mutation.applies(item)]
        subjects += len(victims)
        for index in victims:
            objects = world(env, breaking=index)
            victim = objects[index]
            mutation.breaks(objects, victim)
            if not list(mutation.noticed_by(objects)):
                missed.append(f"{env} {victim}")

    assert subjects, "the mutation has no subject"
    assert missed == []


def test_every_check_is_broken_by_some_mutation() -> None:
    assert {check.__name__ for check in ALL} == {mutation.noticed_by.__name__ for mutation in MUTATIONS}
