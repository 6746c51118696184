"""The fixture of all fault tests."""

import os
import secrets

import pytest

from tests.faults.harness import FaultRun


@pytest.fixture
def fault_run(request: pytest.FixtureRequest) -> FaultRun:
    """The run of this module's FAULT; a test with `defect` in its name runs with the defect."""
    seed = int(os.environ.get("SLIPWAY_SEED") or secrets.randbits(30))
    return FaultRun(fault=request.module.FAULT, defective="defect" in request.function.__name__, seed=seed)
