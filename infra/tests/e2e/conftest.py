"""Two embedded instances on free ports, beside whatever else runs on this machine.

`e2e` of profile mini, and `standard`, whose tests have the marker `platform`; the gate runs both side by side.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from infra.lib.paths import REPOSITORY
from infra.tests.e2e.chromium import chromium
from infra.verify import leftovers
from infra.verify.bed import Bed, Done
from infra.verify.ports import free_port
from infra.verify.vault import live

# The tests of a part share its instance, so they run in this order: what ends it comes last.
MINI = (
    "test_service",
    "test_page",
    "test_up_again",
    "test_ownership",
    "test_pod_killed",
    "test_power",
    "test_faults",
    "test_context",
    "test_down",
)
# The last test of test_policies makes it one of mini.
PLATFORM = (
    "test_vault",
    "test_gateway",
    "test_secrets",
    "test_vault_sign_in",
    "test_policies",
    "test_mesh",
)
ORDER = (*MINI, *PLATFORM)


@dataclass(frozen=True)
class Life:
    """The instance, the machine before it, and how its first `up` went."""

    bed: Bed
    before: leftovers.Snapshot
    first: Done


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of this folder into ORDER, mark them, and give each ten minutes."""
    here = Path(__file__).parent
    mine = [item for item in items if item.path.parent == here]
    mine.sort(key=lambda item: ORDER.index(item.path.stem))
    for item in mine:
        item.add_marker(pytest.mark.e2e)
        if item.path.stem in PLATFORM:
            item.add_marker(pytest.mark.platform)
        item.add_marker(pytest.mark.timeout(900))
    rest = iter(mine)
    items[:] = [next(rest) if item.path.parent == here else item for item in items]


@pytest.fixture(scope="session")
def life() -> Iterator[Life]:
    """Up from nothing; gone at the end, however the tests went."""
    if os.geteuid() != 0:
        pytest.skip("not run: the embedded instance needs root")
    bed = Bed(name="e2e", port=free_port())
    bed.down()
    before = leftovers.take()
    try:
        yield Life(bed, before, bed.up())
    finally:
        bed.call("down", "--yes", deadline=180)


@pytest.fixture
def bed(life: Life) -> Bed:
    """The instance alone."""
    return life.bed


@pytest.fixture(scope="session")
def standard() -> Iterator[Bed]:
    """One of profile standard."""
    if os.geteuid() != 0:
        pytest.skip("not run: the embedded instance needs root")
    bed = Bed(name="standard", port=free_port(), env={"PROFILE": "standard"})
    with bed.running():
        yield bed


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, one for the tests of a file."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="session")
def out() -> Path:
    """Where screenshots go; not in Git."""
    folder = REPOSITORY / "out" / "e2e"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def written_before(standard: Bed) -> str:
    """A todo of the profile before `full`: mini, when whole files run in their order."""
    return standard.api().add("kept from mini to full")


@pytest.fixture(scope="session")
def keys_before(standard: Bed) -> dict[str, str]:
    """What opens Vault, by its digest, in the profile before `full`."""
    return live.opens_vault(standard)


@pytest.fixture(scope="session")
def full(standard: Bed, written_before: str, keys_before: dict[str, str]) -> Bed:
    """The same one with profile full; by then it is one of mini, so what the mesh adds is added to a life with data."""
    bed = Bed(name=standard.name, port=standard.port, env={"PROFILE": "full"})
    bed.up()
    return bed
