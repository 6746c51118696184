"""Whatever is taken away from any object, a check of the graph reports it: the checks themselves can fail."""

import pytest

from infra.graph.model import Profile
from infra.tests.stacks.mutations import MUTATIONS, Mutation
from infra.tests.stacks.objects import world
from infra.tests.stacks.test_graph import ALL

WORLDS: tuple[tuple[str, Profile], ...] = (("local", "mini"), ("production", "mini"), ("local", "full"))


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: str(mutation.name).replace(" ", "-"))
def test_each_object_broken_alone_is_reported(mutation: Mutation) -> None:
    subjects, missed = 0, []
    for env, profile in WORLDS:
        whole = enumerate(world(env, profile))
        victims = [index for index, item in whole if not item.upstream and mutation.applies(item)]
        subjects += len(victims)
        for index in victims:
            objects = world(env, profile, breaking=index)
            victim = objects[index]
            mutation.breaks(objects, victim)
            if not list(mutation.noticed_by(objects)):
                missed.append(f"{env} {profile} {victim}")

    assert subjects, "the mutation has no subject"
    assert missed == []


def test_every_check_is_broken_by_some_mutation() -> None:
    assert {check.__name__ for check in ALL} == {mutation.noticed_by.__name__ for mutation in MUTATIONS}
