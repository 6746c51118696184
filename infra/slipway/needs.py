"""What the chosen profile needs of the machine: more as long as what it runs has still to be built."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from infra.cluster.checks import GIB, Needs
from infra.images import api, catalog, references
from infra.lib import gotool
from infra.lib.errors import SlipwayError
from infra.slipway.power import NODE_IMAGES
from infra.slipway.session import Session

# Memory in GiB, cluster included: docs/performance/bench.json has 0.81 (`mem_mini`), 1.60 (note of `mem_security`) and
# 1.87 (`mem_full`), without the page cache and `up` itself, for which some 1.2 is added.
RUNS = {"mini": 2, "standard": 3, "full": 3}


@dataclass(frozen=True)
class Builds:
    """What builds take beside the cluster: GiB of memory, and of the cache's disk at the peak."""

    memory: int
    cache: int


# Timings and logs.
NOTHING = Builds(memory=0, cache=1)
# Of images alone 0.7 is kept (`du`); the rest is room for their unpacked trees, which nobody measured.
IMAGES = Builds(memory=0, cache=4)
# No figure: with mini's 2 it is the 4 that the README has always asked for. Disk: the goal of `disk_peak`, seen 8.64.
NODE = Builds(memory=2, cache=12)
# Those of the larger profiles begin together, and Vault's alone peaks at 4.5 GB (machine.md). The design (section 1)
# grants 6 to builds; one of it is in RUNS, as the stacks' pods wait for the images. Disk: 8.0 kept with all built
# (`du`), and the work of four builds at once, each at most the 4.6 of the node program (machine.md). A bound: the peak
# of a whole cold `up` of a larger profile was not measured, neither of memory nor of disk.
MORE = Builds(memory=5, cache=27)


def of(profile: str, *, tools: Collection[str], images: Collection[str]) -> Needs:
    """By the tools and images of the profile that are not built."""
    builds = (MORE if {*tools} - {"node"} else NODE) if tools else IMAGES if images else NOTHING
    purpose = f"profile {profile}" + (" with its builds" if builds.memory else "")
    return Needs(runs=RUNS[profile] * GIB, builds=builds.memory * GIB, cache=builds.cache * GIB, purpose=purpose)


def needs(session: Session) -> Needs:
    """For this session's next `up`. Files are looked for; whether they are damaged is seen when they are used."""
    names = (*NODE_IMAGES, *session.images)
    listed = catalog.load()
    used = {tool for name in names if (go := listed.images[name].go) and (tool := references.go_tool(go))}
    tools = {tool for tool in used if not gotool.path_of(tool).is_file()}
    return of(session.options.profile, tools=tools, images={*names} - _built())


def _built() -> set[str]:
    try:
        return {row.name for row in api.status(datetime.now(UTC)) if row.cached}
    except SlipwayError:  # without uv nobody knows which version is wanted; another check says that it is missing
        return set()
