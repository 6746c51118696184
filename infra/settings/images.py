"""Image references of a stack: given by name, completed from the catalog's upstream ones."""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from infra.lib.paths import REPOSITORY

CATALOG = REPOSITORY / "infra" / "images" / "catalog.toml"
# A tag that moves (`latest`, or none) makes two rollouts of one program differ: want a tag or a digest.
PINNED = r"^[a-z0-9.:/_-]+(:[A-Za-z0-9_.-]+|(:[A-Za-z0-9_.-]+)?@sha256:[0-9a-f]{64})$"


@cache
def catalog() -> Mapping[str, str]:
    """Image name → upstream reference by digest; empty where there is none or its digest is not known."""
    entries: dict[str, dict[str, Any]] = tomllib.loads(CATALOG.read_text(encoding="utf-8"))["images"]
    return MappingProxyType({name: _by_digest(entry.get("upstream", {})) for name, entry in entries.items()})


def _by_digest(upstream: Mapping[str, str]) -> str:
    digest = upstream.get("digest")
    return f"{upstream['reference']}@{digest}" if digest else ""


def complete(*names: str, perhaps: Sequence[str] = ()) -> BeforeValidator:
    """A validator that keeps the images of this stack, fills in the catalog's and asks for the rest by name.

    `perhaps` are those that some profile does not run.
    """

    def _complete(given: object) -> object:
        if not isinstance(given, Mapping):
            return given
        if unknown := sorted(set(given) - set(names) - set(catalog())):
            raise ValueError(f"{', '.join(unknown)}: no such image; this stack runs {', '.join((*names, *perhaps))}")
        images = {name: given.get(name) or catalog().get(name, "") for name in (*names, *perhaps)}
        if missing := [name for name in names if not images[name]]:
            raise ValueError(
                f"no reference for {', '.join(missing)}: `slipway images` lists those built here; "
                f"pulumi config set --path images.{missing[0]} <registry>/{missing[0]}@sha256:<digest>"
            )
        return {name: reference for name, reference in images.items() if reference}

    return BeforeValidator(_complete)


Reference = Annotated[str, Field(pattern=PINNED)]
Frozen = AfterValidator(lambda images: MappingProxyType(dict(images)))
