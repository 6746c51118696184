"""A stack's config as the Pulumi CLI would give it to the program, every bad key named before anything runs."""

import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from infra.engine.api import ENVIRONMENTS, StackRef
from infra.lib.errors import Exit, SlipwayError

PROJECT_FILE = "Pulumi.yaml"
NOTHING = object()
TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "array": (list, tuple),
    "object": (Mapping,),
}


@dataclass(frozen=True)
class Project:
    """What `Pulumi.yaml` says: the project's name and its declared config keys."""

    name: str
    file: Path
    declared: Mapping[str, Mapping[str, Any]]


def project_of(directory: Path) -> Project:
    """Read `Pulumi.yaml`; a short form (`key: value`) is a declaration with a default."""
    content = _yaml(directory / PROJECT_FILE)
    name = content.get("name")
    if not isinstance(name, str):
        raise SlipwayError(f"{directory / PROJECT_FILE} has no project name", code=Exit.BAD_INPUT)
    declared = {
        key.removeprefix(f"{name}:"): item if isinstance(item, Mapping) else {"default": item}
        for key, item in (content.get("config") or {}).items()
    }
    return Project(name, directory / PROJECT_FILE, declared)


def load(stack: StackRef, overrides: Mapping[str, Any]) -> dict[str, str]:
    """`project:key` → value as the SDK wants it (text, or JSON for lists and mappings); raises as `values` does."""
    name = project_of(stack.directory).name
    found = values(stack, overrides)
    return {key if ":" in key else f"{name}:{key}": _text(value) for key, value in found.items()}


def values(stack: StackRef, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Key → value: the defaults, the environment's file, the overrides, each over the one before.

    Raises one SlipwayError (exit 2) that lists every unknown, mistyped, missing and secret key
    with the file it is in and the nearest key there is.
    """
    if stack.environment not in ENVIRONMENTS:
        raise SlipwayError(
            f"ENV={stack.environment!r} is no environment; available: {', '.join(ENVIRONMENTS)}", code=Exit.BAD_INPUT
        )
    project = project_of(stack.directory)
    file = stack.directory / f"Pulumi.{stack.environment}.yaml"
    given: dict[str, tuple[str, Any]] = {
        key: (str(file), value) for key, value in (_yaml(file).get("config") or {}).items()
    }
    given = {key.removeprefix(f"{project.name}:"): pair for key, pair in given.items()}
    given |= {key: ("the override", value) for key, value in overrides.items()}
    if wrong := list(_complaints(project, given, stack.environment)):
        raise SlipwayError(
            f"stack {stack.name}: {len(wrong)} wrong setting{'s' if len(wrong) > 1 else ''}; nothing was changed",
            details=tuple(wrong),
            hint=f"the keys and their types are in {project.file}",
            code=Exit.BAD_INPUT,
        )
    found = {key: item["default"] for key, item in project.declared.items() if "default" in item}
    found |= {key: item["value"] for key, item in project.declared.items() if "value" in item}
    return found | {key: value for key, (_, value) in given.items()}


def _complaints(project: Project, given: Mapping[str, tuple[str, Any]], environment: str) -> Iterator[str]:
    for key, (source, value) in given.items():
        declaration = project.declared.get(key)
        if declaration is None:
            near = difflib.get_close_matches(key, project.declared, n=1)
            yield f"{source}: {key}: no such key" + (f"; did you mean {near[0]}?" if near else "")
        elif isinstance(value, Mapping) and set(value) == {"secure"}:
            yield f"{source}: {key}: is a secret; no secret value enters a program: name where it is kept instead"
        elif problem := _mistyped(declaration.get("type"), declaration.get("items"), value):
            yield f"{source}: {key}: {problem}"
    for key, declaration in project.declared.items():
        if problem := _mistyped(declaration.get("type"), declaration.get("items"), declaration.get("default", NOTHING)):
            yield f"{project.file}: {key}: default {problem}"
        if key not in given and not {"default", "value"} & set(declaration):
            yield f"{project.file}: {key}: has no default and Pulumi.{environment}.yaml does not set it"


def _mistyped(kind: str | None, items: Mapping[str, Any] | None, value: object) -> str:
    """What is wrong with the value, empty when it has the type; text that spells the type is fine, as in the CLI."""
    if kind is None or value is NOTHING:
        return ""
    wanted = TYPES.get(kind)
    if wanted is None:
        return f"declares the unknown type {kind!r}; want one of {', '.join(TYPES)}"
    if isinstance(value, str) and kind != "string":
        value = _spelt(value)
    if not isinstance(value, wanted) or (isinstance(value, bool) and kind != "boolean"):
        return f"{value!r} is no {kind}" + ("; write it in quotes" if kind == "string" else "")
    if kind == "array" and items and isinstance(value, list | tuple):
        problems = (_mistyped(items.get("type"), items.get("items"), item) for item in value)
        return next((f"item {problem}" for problem in problems if problem), "")
    return ""


def _spelt(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _yaml(file: Path) -> Mapping[str, Any]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SlipwayError(f"{file} does not exist", code=Exit.BAD_INPUT) from error
    except yaml.YAMLError as error:
        raise SlipwayError(f"{file} is no YAML: {error}", code=Exit.BAD_INPUT) from error
    if content is not None and not isinstance(content, Mapping):
        raise SlipwayError(f"{file} is no mapping", code=Exit.BAD_INPUT)
    return content or {}
