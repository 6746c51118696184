"""`catalog.toml` as typed data, every mistake in it reported at once."""

import tomllib
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from infra.lib.errors import Exit, SlipwayError

CATALOG = Path(__file__).with_name("catalog.toml")
SCRATCH = "scratch"

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$")]
RelativePath = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9_][a-zA-Z0-9_./-]*$")]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Difference(_Frozen):
    """One place in a rendered manifest that may differ between the local and the upstream image."""

    path: Text
    reason: Text


class Upstream(_Frozen):
    """The published image; used only by digest, so a missing digest has to say why it is missing."""

    reference: Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]+\.[a-z]+/[a-z0-9./_-]+:[A-Za-z0-9._-]+$")]
    digest: Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")] | None = None
    digest_unknown: Text | None = None

    @model_validator(mode="after")
    def _digest_or_reason(self) -> Self:
        if (self.digest is None) == (self.digest_unknown is None):
            raise ValueError("wants either a digest or digest_unknown with the reason")
        return self


class Module(_Frozen):
    """A folder of a Go module that the image's `go` pins, such as `tools/packaging/common` of istio.io/istio."""

    name: Text
    folder: RelativePath


class Image(_Frozen):
    """One image: what it is built from, as whom it runs and which published image it stands for."""

    summary: Text
    base: Name
    user: Annotated[str, StringConstraints(pattern=r"^\d+:\d+$")]
    licenses: Text
    internal: bool = False
    debian_root: bool = False
    dockerfile: RelativePath | None = None
    context: tuple[RelativePath, ...] = ()
    go: RelativePath | None = None
    packages: Name | None = None
    wheels: RelativePath | None = None
    module: Module | None = None
    upstream: Upstream | None = None
    differences: tuple[Difference, ...] = ()

    @model_validator(mode="after")
    def _paths_stay_inside(self) -> Self:
        for path in filter(None, (*self.context, self.dockerfile, self.go, self.wheels)):
            if ".." in PurePosixPath(path).parts:
                raise ValueError(f"{path} leaves the repository")
        if self.module and not self.go:
            raise ValueError(f"module {self.module.name} wants `go`, which says the version")
        return self


class Catalog(_Frozen):
    """All images, each base listed and no circle among them."""

    edition: Text
    source_date_epoch: Annotated[int, Field(gt=0)]
    debian: Name
    images: dict[Name, Image]

    @model_validator(mode="after")
    def _bases_lead_to_scratch(self) -> Self:
        problems = [
            f"images.{name}.base: there is no image {image.base!r}"
            for name, image in self.images.items()
            if image.base not in {SCRATCH, *self.images}
        ]
        if not problems:
            problems = [f"images.{name}.base: leads back to itself" for name in self.images if self._circular(name)]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _circular(self, name: str) -> bool:
        seen = {name}
        while (name := self.images[name].base) != SCRATCH:
            if name in seen:
                return True
            seen.add(name)
        return False

    @cached_property
    def created(self) -> str:
        """`source_date_epoch` as RFC 3339."""
        return datetime.fromtimestamp(self.source_date_epoch, tz=UTC).isoformat().replace("+00:00", "Z")

    @cached_property
    def deliverable(self) -> tuple[str, ...]:
        """Names of the images a cluster runs; the others are only built upon."""
        return tuple(name for name, image in self.images.items() if not image.internal)


def load(path: Path = CATALOG) -> Catalog:
    """Read the catalog; raises BAD_INPUT with one line for each mistake."""
    try:
        return Catalog.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except tomllib.TOMLDecodeError as error:
        raise SlipwayError(f"{path.name} is no TOML: {error}", code=Exit.BAD_INPUT) from error
    except ValidationError as error:
        lines = tuple(
            f"{'.'.join(str(part) for part in problem['loc']) or 'catalog'}: {problem['msg']}"
            for problem in error.errors()
        )
        raise SlipwayError(f"{path.name} has {len(lines)} mistakes", code=Exit.BAD_INPUT, details=lines) from error
