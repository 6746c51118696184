"""What one build works with."""

from dataclasses import dataclass
from pathlib import Path

from infra.images.catalog import SCRATCH, Catalog, Image
from infra.lib.report import Report


@dataclass(frozen=True)
class Build:
    """What one build works with; everything below `work` is gone when it ends."""

    name: str
    image: Image
    catalog: Catalog
    reference: str
    work: Path
    log: Path
    report: Report

    @property
    def base(self) -> str | None:
        """Name of the image this one starts from."""
        return None if self.image.base == SCRATCH else self.image.base
