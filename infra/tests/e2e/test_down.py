"""`down` leaves no process, mount, namespace, link, rule, cgroup or file outside the cache."""

from infra.tests.e2e.conftest import Life
from infra.verify.faults.removal import remaining


def test_down_leaves_nothing(life: Life) -> None:
    assert remaining(life.before, life.bed.name), "nothing is there before `down`: the comparison is blind"
    life.bed.down()
    assert remaining(life.before, life.bed.name) == ()


def test_down_of_what_is_down_is_fine(life: Life) -> None:
    life.bed.down()
