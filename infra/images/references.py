"""Which name an image has: `slipway.local/<name>:<hash of all it is built from>`, known without building it."""

import hashlib
import shutil
from functools import lru_cache
from pathlib import Path

from infra.images.catalog import SCRATCH, Catalog, Image
from infra.lib import gotool
from infra.lib.errors import Exit, SlipwayError
from infra.lib.hashing import content_hash
from infra.lib.paths import REPOSITORY
from infra.lib.process import capture

REGISTRY = "slipway.local"
# Raised when build.py gives other bytes for the same recipe.
FORMAT = "2"
RECIPES = Path(__file__).with_name("recipes")
# Fields of an image that came later: one that has none of them keeps its name.
LATER = ("wheels", "module")


def reference(name: str, catalog: Catalog, *, repository: Path = REPOSITORY) -> str:
    """`slipway.local/<name>:<hash>` of today's sources."""
    return f"{REGISTRY}/{name}:{image_hash(name, catalog, repository=repository)}"


def image_hash(name: str, catalog: Catalog, *, repository: Path = REPOSITORY) -> str:
    """Twelve hex digits over the recipe, its context, its programs and packages, and its base's hash."""
    image = catalog.images[name]
    extra = [
        FORMAT,
        catalog.edition,
        str(catalog.source_date_epoch),
        catalog.debian,
        image.model_dump_json(
            exclude={"upstream", "differences"} | {name for name in LATER if not getattr(image, name)}
        ),
    ]
    if image.base != SCRATCH:
        extra.append(image_hash(image.base, catalog, repository=repository))
    if image.go:
        extra.append(go_hash(image.go, repository))
    if image.packages:
        extra.append(requirements(image.packages, repository))
    return content_hash(sources(name, image, repository), root=repository, extra=extra)


def sources(name: str, image: Image, repository: Path = REPOSITORY) -> tuple[Path, ...]:
    """Files and folders of the repository the build reads, the recipe first; refused when one is missing."""
    recipe = repository / (image.dockerfile or f"infra/images/recipes/{name}")
    paths = (recipe, *(repository / path for path in image.context))
    missing = [str(path.relative_to(repository)) for path in paths if not path.exists()]
    if missing:
        raise SlipwayError(
            f"image {name}: {', '.join(missing)} named in catalog.toml does not exist", code=Exit.BAD_INPUT
        )
    return paths


def go_hash(source: str, repository: Path = REPOSITORY) -> str:
    """The hash of a Go program: the tool's own where gotool builds it, over its folder otherwise."""
    if tool := go_tool(source):
        return gotool.path_of(tool).parent.name
    return content_hash([repository / source], root=repository)


def go_tool(source: str) -> str | None:
    """`node` for `infra/go/node`, None for a program inside a recipe."""
    folder = Path(source)
    return folder.name if folder.parent == Path("infra/go") else None


def requirements(member: str, repository: Path = REPOSITORY) -> str:
    """The locked dependencies of a workspace member with their hashes, in pip's format."""
    lock, pyproject = repository / "uv.lock", repository / "pyproject.toml"
    state = hashlib.sha256(lock.read_bytes() + pyproject.read_bytes()).hexdigest()
    return _export(member, repository, state)


@lru_cache(maxsize=8)
def _export(member: str, repository: Path, _state: str) -> str:
    if not shutil.which("uv"):
        raise SlipwayError("uv is not installed", hint="make tools", code=Exit.MISSING)
    options = ["--frozen", "--no-dev", "--no-emit-project", "--no-header", "--no-annotate", "--quiet"]
    return capture(["uv", "export", "--project", repository, "--package", member, *options])
