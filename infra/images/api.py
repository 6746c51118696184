"""What other parts use: which images there are, and the archives of them for a cluster."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from infra.images import archives, build, catalog, references
from infra.lib.errors import Exit, SlipwayError
from infra.lib.report import Report

Source = Literal["local", "upstream"]


@dataclass(frozen=True)
class Row:
    """One line of `slipway images`; `size` in bytes and `age` are None when the image is not built."""

    name: str
    reference: str
    size: int | None
    age: timedelta | None

    @property
    def cached(self) -> bool:
        """Whether an archive of today's sources is in the cache; its checksum is only read by `ensure`."""
        return self.size is not None


def refs(source: Source = "local") -> dict[str, str]:
    """Name → full reference of every image a cluster runs; builds nothing.

    `upstream` gives the published images by digest, and refuses while the catalog lacks a digest.
    """
    listed = catalog.load()
    if source == "local":
        return {name: references.reference(name, listed) for name in listed.deliverable}
    return _published(listed)


def ensure(names: Iterable[str], *, report: Report, log_dir: Path) -> dict[str, Path]:
    """Name → archive for `ctr images import`, from the cache when whole, built otherwise.

    Safe to call from several processes and threads at once: an image is built by one of them while
    the others wait for it. The build's output goes to `log_dir/image-<name>.log`.
    """
    listed = catalog.load()
    wanted = list(names)
    if unknown := sorted(set(wanted) - set(listed.images)):
        raise SlipwayError(
            f"there is no image {', '.join(unknown)}; available: {', '.join(listed.deliverable)}", code=Exit.BAD_INPUT
        )
    return {name: build.ensure(name, listed, report=report, log_dir=log_dir) for name in wanted}


def status(now: datetime) -> list[Row]:
    """A row for each image a cluster runs, in the catalog's order; `now` with a time zone."""
    listed = catalog.load()
    rows = []
    for name in listed.deliverable:
        archive = archives.path_of(name, references.image_hash(name, listed))
        built = archive.stat() if archive.is_file() else None
        rows.append(
            Row(
                name=name,
                reference=references.reference(name, listed),
                size=built.st_size if built else None,
                age=now - datetime.fromtimestamp(built.st_mtime, tz=now.tzinfo) if built else None,
            )
        )
    return rows


def _published(listed: catalog.Catalog) -> dict[str, str]:
    found: dict[str, str] = {}
    lacking: list[str] = []
    for name in listed.deliverable:
        upstream = listed.images[name].upstream
        if upstream is None:
            found[name] = references.reference(name, listed)
        elif upstream.digest is None:
            lacking.append(f"{name}: {upstream.reference} has no digest ({upstream.digest_unknown})")
        else:
            found[name] = f"{upstream.reference}@{upstream.digest}"
    if lacking:
        raise SlipwayError(
            f"images=upstream wants every published image by digest; {len(lacking)} have none",
            hint="write the digest into infra/images/catalog.toml, or use images=local",
            code=Exit.BAD_INPUT,
            details=tuple(lacking),
        )
    return found
