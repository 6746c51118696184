"""The judgement by rank: sees a shift, spares chance, says when it cannot tell."""

import time
from random import Random

import pytest

from tests.faults.timing import telling, timed


def test_the_area_is_known_for_small_samples() -> None:
    assert telling([1, 2, 3], [4, 5, 6]).area == 1
    assert telling([4, 5, 6], [1, 2, 3]).area == 1
    assert telling([1, 1], [1, 1]).area == 0.5
    assert telling([1, 3], [2, 2]).area == 0.5
    assert telling([1, 2], [2, 3]).area == 0.875


@pytest.mark.parametrize(("shift", "broken"), [(0.0, False), (0.05, False), (1.0, True)])
def test_a_shift_of_one_deviation_is_seen_and_chance_is_not(shift: float, broken: bool) -> None:
    chance = Random(4)  # noqa: S311 - repeatable test data
    found = telling(*([chance.gauss(mean, 1) for _ in range(400)] for mean in (0, shift)))

    assert found.broken is broken


def test_few_samples_are_reported_but_not_judged() -> None:
    found = timed(lambda: time.sleep(0.002), lambda: None, samples=5, chance=Random(1))  # noqa: S311 - repeatable test data

    assert (found.area, found.samples, found.broken) == (1, 5, False)
    assert "not judged: n too small" in str(found)
