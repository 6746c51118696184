"""Where Slipway keeps things. One owner for every path outside the checkout."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from infra.lib.errors import Exit, SlipwayError

REPOSITORY = Path(__file__).resolve().parents[2]
STATE_ROOT = Path("/var/lib/slipway")
RUN_ROOT = Path("/run/slipway")
# Network interface names have 15 characters; `sw-` and a suffix take five of them.
INSTANCE_NAME = re.compile(r"[a-z][a-z0-9-]{0,9}")


def cache_dir() -> Path:
    """Downloads and build results, safe to delete at any time; kept by `slipway down`."""
    if chosen := os.environ.get("SLIPWAY_CACHE"):
        return Path(chosen).resolve()
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "slipway"


def settle_cache() -> None:
    """Make a chosen cache absolute for the programs we start, which run in folders of their own.

    Raises BAD_INPUT when it cannot be a folder.
    """
    if chosen := os.environ.get("SLIPWAY_CACHE"):
        place = cache_dir()
        there = next(path for path in (place, *place.parents) if path.exists())
        if not there.is_dir():
            raise SlipwayError(
                f"SLIPWAY_CACHE={chosen}: {there} is no folder",
                hint="unset SLIPWAY_CACHE, or name a folder",
                code=Exit.BAD_INPUT,
            )
        os.environ["SLIPWAY_CACHE"] = str(place)


def kubectl_homes() -> dict[str, str]:
    """Environment of every kubectl and helm: what they remember of an API server goes into our cache, not ~/.kube."""
    return {"KUBECACHEDIR": str(cache_dir() / "kube")}


@dataclass(frozen=True)
class Instance:
    """One embedded cluster on this machine: its name and the paths that belong to it alone."""

    name: str

    @classmethod
    def from_environment(cls) -> "Instance":
        """The instance named by SLIPWAY_INSTANCE, `slipway` unless set."""
        return cls.named(os.environ.get("SLIPWAY_INSTANCE", "slipway"))

    @classmethod
    def named(cls, name: str) -> "Instance":
        """An instance by its name, refused when the name cannot name a network interface."""
        if not INSTANCE_NAME.fullmatch(name):
            raise SlipwayError(
                f"SLIPWAY_INSTANCE={name!r} is no instance name: want a-z, 0-9 and '-', a letter first, 10 at most",
                hint="SLIPWAY_INSTANCE=demo make up",
                code=Exit.BAD_INPUT,
            )
        return cls(name)

    @property
    def state(self) -> Path:
        """Survives `stop` and a reboot; removed by `down`."""
        return STATE_ROOT / self.name

    @property
    def run(self) -> Path:
        """Sockets and process ids; gone after a reboot."""
        return RUN_ROOT / self.name

    @property
    def logs(self) -> Path:
        """A log file for each component and each step."""
        return self.state / "logs"

    @property
    def kubeconfig(self) -> Path:
        """Credentials of the user `slipway` on this cluster, mode 0600."""
        return self.state / "kubeconfig"

    @property
    def lock(self) -> Path:
        """Held by whoever changes the instance; outside `state` so that `down` can hold it too."""
        return RUN_ROOT / f"{self.name}.lock"
