"""The memory of an instance as design §1 defines it: anonymous + kernel memory of its cgroups, the highest sum."""

import time

from infra.cluster import select
from infra.cluster.embedded import cgroups
from infra.lib.paths import Instance
from infra.verify.background import Background


def now(instance: Instance) -> int:
    """Bytes at this moment; 0 while the instance has no cgroup."""
    return sum(cgroups.memory(folder) for folder in select("embedded", instance).info().memory_cgroups)


class Watch(Background):
    """Samples for the length of a `with` block; `peak` in bytes, `samples` that saw something."""

    def __init__(self, instance: Instance, *, every: float = 1.0) -> None:
        super().__init__(every=every)
        self.peak = 0
        self.samples = 0
        self._instance = instance

    def hold(self, seconds: float) -> None:
        """Go on sampling for so long."""
        time.sleep(seconds)

    def _look(self) -> None:
        while not self._over.wait(self._every):
            found = now(self._instance)
            self.samples += found > 0
            self.peak = max(self.peak, found)
