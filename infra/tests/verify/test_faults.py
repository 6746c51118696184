"""Faults that need no cluster at their reduced count, and the harness itself."""

from pathlib import Path

import pytest

from infra.lib.report import silent
from infra.verify import defects
from infra.verify.bed import Bed, Done
from infra.verify.faults.__main__ import SHOWN_IN, shown
from infra.verify.faults.cluster import ASLEEP, LOST_WRITE
from infra.verify.faults.fault import BrokenError, Fault, Site, hold, told
from infra.verify.faults.judge import judge
from infra.verify.faults.leaks import SHOWN
from infra.verify.faults.mesh import MESH
from infra.verify.faults.outage import OUTAGES
from infra.verify.faults.policies import ONE_SIDED, PRIVILEGED, WATCHING
from infra.verify.faults.registry import FAULTS, counts, of_tier, rounds
from infra.verify.faults.rotation import AGENT_ENDED
from infra.verify.faults.vault_away import SHORT
from infra.verify.policies import mutants
from infra.verify.ports import free_port
from infra.verify.results import between

SEED = 20261120
# Defects that need no change of the product: the probe itself arranges them.
ARRANGED = {
    ASLEEP,
    LOST_WRITE,
    *(fault.defect for fault in (*MESH, *OUTAGES)),
    AGENT_ENDED,
    SHOWN,
    ONE_SIDED,
    WATCHING,
    PRIVILEGED,
    SHORT,
}


@pytest.fixture
def bed() -> Bed:
    return Bed(name="nocluster", port=free_port())


@pytest.mark.parametrize("fault", of_tier("unit"), ids=lambda fault: str(fault.id))
def test_the_promise_holds_and_the_twin_breaks_it(fault: Fault, bed: Bed) -> None:
    judgement = judge(fault, rounds=counts()[fault.id].reduced, seed=SEED, bed=bed, report=silent)
    assert judgement.passed, str(judgement)


def test_every_fault_has_counts_a_defect_and_a_name_of_its_own() -> None:
    assert {fault.id for fault in FAULTS} == set(counts())
    assert len({fault.id for fault in FAULTS}) == len(FAULTS)
    for fault in FAULTS:
        assert fault.defect in defects.DEFECTS or fault.defect in ARRANGED, fault.id
        full = counts()[fault.id].full
        assert (full == "whole") is (fault.whole is not None), fault.id
        assert full == "whole" or 0 <= counts()[fault.id].reduced <= full >= 1, fault.id


def test_a_whole_is_counted_by_its_subjects() -> None:
    [mutation] = [fault for fault in FAULTS if fault.id == "R35"]

    assert rounds(mutation, reduced=False) == len(mutants.everything()) > rounds(mutation, reduced=True) > 0


@pytest.mark.parametrize("name", defects.DEFECTS)
def test_every_defect_finds_what_it_breaks(name: str) -> None:
    with defects.applied(name):
        pass


def fault_of(why: list[str]) -> Fault:
    """A fault whose rounds break with the texts of `why`, and whose twin does as well when there is a defect."""

    def probe(site: Site) -> None:
        hold(not site.defect, site.defect)
        hold(site.number >= len(why), "".join(why[site.number : site.number + 1]))

    return Fault(id="probe", title="", promise="", tier="unit", defect="any", probe=probe)


def test_a_judgement_counts_rounds_failures_and_teeth(bed: Bed) -> None:
    good = judge(fault_of([]), rounds=30, seed=1, bed=bed, report=silent)
    assert (good.passed, good.bound, good.teeth, good.twins) == (True, 0.1, 3, 3)
    bad = judge(fault_of(["it broke"]), rounds=3, seed=1, bed=bed, report=silent)
    assert (bad.passed, bad.bound, bad.broken) == (False, None, ("round 0: it broke",))


def test_a_twin_that_stays_green_fails_the_test(bed: Bed) -> None:
    blind = Fault(id="blind", title="", promise="", tier="unit", defect="any", probe=lambda _: None)
    assert not judge(blind, rounds=5, seed=1, bed=bed, report=silent).passed


def test_the_same_seed_plays_the_same_rounds_and_another_one_others(bed: Bed) -> None:
    drawn: list[float] = []
    fault = Fault(
        id="probe",
        title="",
        promise="",
        tier="unit",
        defect="any",
        probe=lambda site: drawn.append(site.random.random()),
    )
    for seed in (1, 1, 2):
        judge(fault, rounds=2, seed=seed, bed=bed, report=silent)
    first, second, third = drawn[:2], drawn[3:5], drawn[6:8]
    assert first == second != third
    assert first[0] != first[1]


@pytest.mark.parametrize(
    ("done", "why"),
    [
        (Done(code=1, out="", err="slipway: x", seconds=1), "want exit 2"),
        (Done(code=2, out="", err="Traceback (most recent call last)\nx", seconds=1), "traceback"),
        (Done(code=2, out="", err="slipway: y", seconds=1), "not said: x"),
        (Done(code=2, out="", err="slipway: x", seconds=99), "within"),
        (Done(code=2, out="", err="x\n" * 50, seconds=1), "screenful"),
    ],
)
def test_a_refusal_that_is_not_clear_is_broken(done: Done, why: str) -> None:
    with pytest.raises(BrokenError, match=why):
        told(done, "x", code=2, within=10)


def test_the_table_of_faults_is_the_one_generated_from_the_file() -> None:
    text = Path(SHOWN_IN).read_text(encoding="utf-8")
    assert between(text, shown(), name="faults") == text
