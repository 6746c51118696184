"""What deploying and previewing share: a live cluster, the release program, and what an earlier run left in it."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from infra.engine.direct.declared import Ref
from infra.engine.direct.helm import Helm
from infra.engine.direct.inventory import Entry, Inventory
from infra.engine.direct.monitor import Registrar
from infra.lib.errors import SlipwayError
from infra.lib.kube import Kube


class LiveRegistrar(Registrar):
    """A registrar on a cluster."""

    def __init__(self, *, kube: Kube, helm: Helm, inventory: Inventory, directory: Path) -> None:
        super().__init__()
        self._kube = kube
        self._helm = helm
        self._inventory = inventory
        self._directory = directory

    def read(self, ref: Ref) -> Mapping[str, Any]:
        """The live object."""
        live = self._kube.get(ref.api_version, ref.kind, ref.namespace, ref.name)
        if live is None:
            raise SlipwayError(f"the program reads {ref}, which does not exist")
        return live

    def _stale(self, declared: Collection[Ref]) -> list[Entry]:
        """What the inventory lists and the program no longer declares."""
        return [entry for ref, entry in self._inventory.entries.items() if ref not in declared]
