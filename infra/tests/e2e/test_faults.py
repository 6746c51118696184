"""The fault tests that need a machine or an instance, at their reduced count."""

import pytest

from infra.lib.report import silent
from infra.verify.bed import Bed
from infra.verify.faults.fault import Fault, Tier
from infra.verify.faults.judge import judge
from infra.verify.faults.registry import counts, of_tier
from infra.verify.ports import free_port

SEED = 20261120


def reduced(*tiers: Tier) -> list[Fault]:
    """The faults of these tiers that run here; counts.toml says why another one does not."""
    return [fault for fault in of_tier(*tiers) if counts()[fault.id].reduced]


@pytest.mark.parametrize("fault", reduced("bed"), ids=lambda fault: str(fault.id))
def test_on_the_instance_the_promise_holds_and_the_twin_breaks_it(fault: Fault, bed: Bed) -> None:
    judgement = judge(fault, rounds=counts()[fault.id].reduced, seed=SEED, bed=bed, report=silent)
    assert judgement.passed, str(judgement)


@pytest.mark.parametrize("fault", reduced("machine", "own"), ids=lambda fault: str(fault.id))
def test_beside_it_the_promise_holds_and_the_twin_breaks_it(fault: Fault, bed: Bed) -> None:
    other = Bed(name="other", port=free_port(), env=bed.env)
    judgement = judge(fault, rounds=counts()[fault.id].reduced, seed=SEED, bed=other, report=silent)
    assert judgement.passed, str(judgement)
