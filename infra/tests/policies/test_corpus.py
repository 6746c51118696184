"""No way round (R36): each attempt is refused by exactly the policies it names, by gator and in Python alike (N7)."""

import shutil
from pathlib import Path

import pytest

from infra.lib import policies
from infra.lib.policies import POLICIES
from infra.lib.report import silent
from infra.verify.policies import corpus, gator
from infra.verify.policies.corpus import Attempt
from infra.verify.policies.verdicts import Verdicts, by_gator, in_python

ALL = policies.load()
ATTEMPTS = corpus.read()
FEWEST = 150  # R36


def wrong(verdicts: Verdicts) -> list[str]:
    """Attempts with another verdict than expected."""
    return [
        f"{attempt}: want {sorted(attempt.refused)}, have {sorted(verdicts[attempt.name])}"
        for attempt in ATTEMPTS
        if verdicts[attempt.name] != attempt.refused
    ]


def test_there_are_enough_and_each_has_a_name_of_its_own() -> None:
    assert len({attempt.name for attempt in ATTEMPTS}) == len(ATTEMPTS) >= FEWEST
    assert all(attempt.refused for attempt in ATTEMPTS)


def test_every_policy_is_tried() -> None:
    assert {policy.name for policy in ALL} - {name for attempt in ATTEMPTS for name in attempt.refused} == set()


@pytest.mark.parametrize("kind", corpus.HOLD_A_POD)
def test_what_attempts_are_made_of_is_allowed(kind: str) -> None:
    attempt = Attempt("innocent", corpus.innocent(kind), frozenset())

    assert in_python([attempt]) == {"innocent": frozenset()}


def test_gator_refuses_every_attempt_by_the_policies_it_names() -> None:
    assert wrong(by_gator(ATTEMPTS)) == []


def test_python_refuses_every_attempt_by_the_policies_it_names() -> None:
    assert wrong(in_python(ATTEMPTS)) == []


def test_an_attempt_that_gets_through_is_noticed() -> None:
    verdicts = {attempt.name: attempt.refused for attempt in ATTEMPTS}
    verdicts[ATTEMPTS[0].name] = frozenset()

    assert len(wrong(verdicts)) == 1


def test_patches_take_away_replace_and_add() -> None:
    assert corpus.merged({"a": {"b": 1, "c": 2}, "d": [1]}, {"a": {"b": None, "e": 3}, "d": [2]}) == {
        "a": {"c": 2, "e": 3},
        "d": [2],
    }


def test_a_suite_that_fails_or_is_not_there_is_told(tmp_path: Path) -> None:
    program = gator.program(report=silent)
    folder = tmp_path / "no-privileged"
    shutil.copytree(POLICIES / "no-privileged", folder)
    suite = folder / "suite.yaml"

    assert gator.verify(program, folder) == []
    suite.write_text(suite.read_text().replace("violations: 'no'", "violations: 'yes'", 1))
    assert any("unexpected number of violations" in line for line in gator.verify(program, folder))
    suite.unlink()
    assert gator.verify(program, folder)[0] == "no-privileged: gator passed no suite of it"
