"""One image from its recipe: a base archive, staged files, buildah, an archive in the cache."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.images import archives, contexts, debian, sandbox
from infra.images.catalog import Catalog
from infra.images.job import Build
from infra.images.references import image_hash, reference
from infra.lib.errors import SlipwayError
from infra.lib.locks import waiting
from infra.lib.report import Report

BUILD_DEADLINE = 20 * 60.0
WAIT_DEADLINE = 30 * 60.0
ACCEPT_LOCAL = '{"default": [{"type": "insecureAcceptAnything"}]}\n'


def ensure(name: str, catalog: Catalog, *, report: Report, log_dir: Path) -> Path:
    """The archive of an image of today's sources, from the cache when whole, built otherwise.

    Two callers of one image: the second waits for the first and takes its result.
    """
    archive = archives.path_of(name, image_hash(name, catalog))
    if archives.whole(archive):
        return archive
    with waiting(archives.folder() / ".locks" / name, purpose=f"build image {name}", deadline=WAIT_DEADLINE):
        if archives.whole(archive):
            return archive
        if archive.exists():
            report(f"image {name} in the cache is damaged: build it again")
        with _workspace(name) as work:
            build = Build(
                name=name,
                image=catalog.images[name],
                catalog=catalog,
                reference=reference(name, catalog),
                work=work,
                log=log_dir / f"image-{name}.log",
                report=report,
            )
            base = ensure(build.base, catalog, report=report, log_dir=log_dir) if build.base else None
            report(f"build image {name}")
            _bake(build, base=base, archive=archive)
        archives.prune(name, keep=archive)
    return archive


@contextmanager
def _workspace(name: str) -> Iterator[Path]:
    """An empty folder for the holder of the image's lock; what a killed build left in it goes first."""
    work = archives.folder() / ".work" / name
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _bake(build: Build, *, base: Path | None, archive: Path) -> None:
    staged = contexts.stage(build)
    if reference(build.name, build.catalog) != build.reference:
        raise SlipwayError(
            f"the sources of image {build.name} changed while they were copied",
            hint="run the same command again",
        )
    options = [f"--build-context={name}={folder}" for name, folder in staged.named.items()]
    options += [f"--build-arg=BASE=oci-archive:{base}"] if base else []
    options += debian.prepare(build.work / "apt", suite=build.catalog.debian).volumes() if base else []
    options += [f"--label={key}={value}" for key, value in labels(build).items()]
    _buildah(
        build,
        "bud",
        "--isolation=chroot",
        "--layers=false",
        "--format=oci",
        f"--cni-config-dir={build.work / 'cni'}",  # it locks a file there; unless told in /etc, which is not ours
        f"--timestamp={build.catalog.source_date_epoch}",
        f"--tag={build.reference}",
        *options,
        staged.recipe,
    )
    layout = build.work / "layout"
    _buildah(build, "push", "--compression-format=zstd", build.reference, f"oci:{layout}:{build.reference}")
    archives.pack(layout, reference=build.reference, epoch=build.catalog.source_date_epoch, target=archive)


def labels(build: Build) -> dict[str, str]:
    """OCI labels every image carries; `revision` is the content hash its reference ends in."""
    return {
        "org.opencontainers.image.title": build.name,
        "org.opencontainers.image.description": build.image.summary,
        "org.opencontainers.image.licenses": build.image.licenses,
        "org.opencontainers.image.revision": build.reference.rpartition(":")[2],
        "org.opencontainers.image.created": build.catalog.created,
    }


def _buildah(build: Build, command: str, *arguments: str | Path) -> None:
    """Run buildah on a storage of this build alone: nothing to lock, nothing to clean up later."""
    policy = build.work / "policy.json"
    policy.write_text(ACCEPT_LOCAL, encoding="utf-8")
    storage = build.work / "storage"
    sandbox.run(
        [
            "buildah",
            f"--root={storage / 'root'}",
            f"--runroot={storage / 'run'}",
            "--storage-driver=vfs",
            command,
            f"--signature-policy={policy}",
            *arguments,
        ],
        package="buildah",
        scratch=build.work / "tmp",
        log=build.log,
        deadline=BUILD_DEADLINE,
    )
