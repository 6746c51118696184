"""The fixture of all fault tests."""

import os
import secrets
from pathlib import Path

import pytest

from tests.faults.harness import FULL, FaultRun

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The limits of the modules are those of the reduced counts; at full count `make faults` has its own."""
    for item in items:
        if os.environ.get(FULL) == "full" and item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.timeout(0), append=False)


@pytest.fixture
def fault_run(request: pytest.FixtureRequest) -> FaultRun:
    """The run of this module's FAULT; a test with `defect` in its name runs with the defect."""
    seed = int(os.environ.get("SLIPWAY_SEED") or secrets.randbits(30))
    return FaultRun(fault=request.module.FAULT, defective="defect" in request.function.__name__, seed=seed)
