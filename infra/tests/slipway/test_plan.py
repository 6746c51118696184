"""Plans that cannot run are refused before the first step; the rest of a run is told from earlier ones."""

import pytest

from infra.slipway.plan import Step, check, remaining


def step(name: str, *needs: str) -> Step:
    return Step(name=name, action=lambda _: None, deadline=1, needs=needs)


def test_two_steps_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="steps named twice: a"):
        check([step("a"), step("b"), step("a")])


def test_a_need_that_is_not_there_is_refused_with_both_names() -> None:
    with pytest.raises(ValueError, match="a → ghost"):
        check([step("a", "ghost")])


def test_a_circle_is_refused_and_told() -> None:
    with pytest.raises(ValueError, match="wait for one another"):
        check([step("a", "c"), step("b", "a"), step("c", "b")])


def test_the_longest_chain_decides_what_remains() -> None:
    plan = [step("build"), step("base"), step("start", "build"), step("load", "start", "base")]
    estimates = {"build": 100.0, "base": 30.0, "start": 10.0, "load": 5.0}

    told = remaining(plan, estimates=estimates, elapsed={"build": 40.0}, finished=frozenset({"base"}))

    assert told == 60 + 10 + 5


def test_a_step_past_its_estimate_counts_as_nearly_done() -> None:
    told = remaining([step("a"), step("b", "a")], estimates={"a": 5, "b": 7}, elapsed={"a": 50}, finished=frozenset())

    assert told == 7


def test_nothing_is_promised_while_a_step_was_never_timed() -> None:
    assert remaining([step("a"), step("b")], estimates={"a": 5}, elapsed={}, finished=frozenset()) is None


def test_a_finished_step_needs_no_estimate() -> None:
    assert remaining([step("a"), step("b")], estimates={"a": 5}, elapsed={}, finished=frozenset({"b"})) == 5
