"""Every fault test, those that need least first, and how often each runs."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from infra.verify.faults.bad_input import OTHER_ENGINE, SETTING_MISSPELT, UNKNOWN_CHOICE
from infra.verify.faults.caches import BROKEN_DOWNLOAD, DAMAGED_IMAGE, DAMAGED_TOOL
from infra.verify.faults.cluster import COMPONENT_KILLED, NODE_GONE
from infra.verify.faults.concurrency import TWO_UPS, UP_KILLED
from infra.verify.faults.fault import Fault, Tier
from infra.verify.faults.leaks import LEAKS
from infra.verify.faults.machine import NO_DISK, NO_PERMISSION, PORT_TAKEN
from infra.verify.faults.mesh import MESH
from infra.verify.faults.outage import OUTAGES
from infra.verify.faults.policies import R35, R36, R37
from infra.verify.faults.readiness import NEVER_READY, RELEASE_NEVER_READY
from infra.verify.faults.removal import DOWN_HALF, DOWN_LEAVES_NOTHING
from infra.verify.faults.rotation import ROTATION
from infra.verify.faults.vault import R46, R47, R48, R66
from infra.verify.faults.vault_away import R46_APP

FAULTS: tuple[Fault, ...] = (
    UNKNOWN_CHOICE,
    SETTING_MISSPELT,
    NO_PERMISSION,
    DAMAGED_TOOL,
    BROKEN_DOWNLOAD,
    R35,
    R37,
    PORT_TAKEN,
    NO_DISK,
    DAMAGED_IMAGE,
    R46,
    R47,
    R48,
    R66,
    ROTATION,
    TWO_UPS,
    OTHER_ENGINE,
    LEAKS,
    NEVER_READY,
    COMPONENT_KILLED,
    NODE_GONE,
    UP_KILLED,
    DOWN_HALF,
    DOWN_LEAVES_NOTHING,
    RELEASE_NEVER_READY,
    *MESH,
    R36,
    *OUTAGES,
    R46_APP,
)
COUNTS_FILE = Path(__file__).with_name("counts.toml")


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Rounds in `make test`, where 0 has its reason in the file, and in `make faults`; "whole": one a subject."""

    reduced: int
    full: int | Literal["whole"]


@cache
def counts() -> dict[str, Counts]:
    """By id of the fault."""
    return {name: Counts(**entry) for name, entry in tomllib.loads(COUNTS_FILE.read_text(encoding="utf-8")).items()}


def rounds(fault: Fault, *, reduced: bool) -> int:
    """How many rounds of a fault are run."""
    chosen = counts()[fault.id].reduced if reduced else counts()[fault.id].full
    if chosen != "whole":
        return chosen
    if fault.whole is None:
        raise ValueError(f"{fault.id}: nobody knows how many there are")
    return fault.whole()


def of_tier(*tiers: Tier) -> list[Fault]:
    """The faults of these tiers, in order."""
    return [fault for fault in FAULTS if fault.tier in tiers]
