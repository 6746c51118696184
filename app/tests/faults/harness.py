"""What a fault test of the service gets: how many rounds, seeded randomness, and where its verdict goes.

A module has one `FAULT`, one `test_promise_holds` and one `test_defect_turns_it_red`, which runs the same probe with
the defect seeded. `make faults` runs them at full count and reads the lines written to SLIPWAY_FAULT_ROWS.
"""

import json
import os
import tomllib
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from random import Random

COUNTS_FILE = Path(__file__).with_name("counts.toml")
FULL = "SLIPWAY_FAULTS"
ROWS = "SLIPWAY_FAULT_ROWS"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is done to the service, what it promises, and the defect that must turn it red."""

    id: str
    title: str
    promise: str
    defect: str


@cache
def _counts() -> dict[str, dict[str, int]]:
    return tomllib.loads(COUNTS_FILE.read_text(encoding="utf-8"))


@dataclass(kw_only=True)
class FaultRun:
    """One run of a probe, honest or with the defect."""

    fault: Fault
    defective: bool
    seed: int

    @property
    def full(self) -> bool:
        """Whether this is `make faults`, alone on its machine: only then is time judged."""
        return os.environ.get(FULL) == "full"

    @property
    def rounds(self) -> int:
        """How often, from counts.toml; the twin takes a tenth of it, at least its `reduced`."""
        entry = _counts()[self.fault.id]
        full = entry["full"] if self.full else entry["reduced"]
        return max(full // 10, entry["reduced"]) if self.defective else full

    @property
    def random(self) -> Random:
        """Seeded; the seed stands in the row, SLIPWAY_SEED repeats it."""
        return Random(self.seed)  # noqa: S311 - repeatable test data

    def verdict(self, *, n: int, failures: int, note: str = "") -> None:
        """Record, then judge: no failure of n honest tries, at least one with the defect."""
        if path := os.environ.get(ROWS):
            row = {**asdict(self.fault), "twin": self.defective, "n": n, "failures": failures, "seed": self.seed}
            with Path(path).open("a", encoding="utf-8") as file:
                file.write(json.dumps({**row, "note": note}) + "\n")
        assert n > 0, f"{self.fault.id} tried nothing"
        if self.defective:
            assert failures > 0, f"{self.fault.id} stays green with the defect: {self.fault.defect}; {note}"
        else:
            assert failures == 0, f"{self.fault.id}: {failures} of {n} broke: {self.fault.promise}; {note}"
