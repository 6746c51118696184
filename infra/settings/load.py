"""Read a stack's settings from `pulumi.Config` before its first resource; every bad key in one message."""

import difflib
import json
from collections.abc import Mapping
from typing import Any, TypeVar

import pulumi
import yaml
from pulumi.runtime.config import CONFIG, get_config_env
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from infra.lib.errors import Exit, SlipwayError
from infra.lib.paths import REPOSITORY
from infra.settings.base import Environment, StackSettings

Settings = TypeVar("Settings", bound=StackSettings)
STACKS = REPOSITORY / "infra" / "stacks"


class SettingsError(SlipwayError, pulumi.RunError):
    """Wrong settings; as a `RunError`, the official engine prints it without a traceback."""

    def __str__(self) -> str:
        return "\n".join([self.message, *(f"  {line}" for line in self.details)])


def load(model: type[Settings]) -> Settings:
    """The settings of the running stack; raises SettingsError naming each bad key, its source and its remedy."""
    project, stack = pulumi.get_project(), pulumi.get_stack()
    if stack not in set(Environment):
        raise SettingsError(
            f"{stack!r} is no environment; available: {', '.join(Environment)}",
            hint="pulumi stack select local",
            code=Exit.BAD_INPUT,
        )
    raw = _given(project)
    texts = _texts(model)
    values = {key: value if key in texts else _decoded(model, key, value) for key, value in raw.items()}
    try:
        return model.model_validate({**values, "env": stack})
    except ValidationError as error:
        source = _Source(project=project, stack=stack, raw=raw)
        lines = tuple(_explain(model, details, source) for details in error.errors())
        raise SettingsError(
            f"{len(lines)} wrong setting{'s' * (len(lines) > 1)} of {project}, stack {stack}:",
            hint=f"less {source.folder}/Pulumi.yaml  # lists every setting",
            code=Exit.BAD_INPUT,
            details=lines,
        ) from None


class _Source:
    """Where the value of a key came from, as far as the files tell."""

    def __init__(self, *, project: str, stack: str, raw: Mapping[str, Any]) -> None:
        self.project, self.raw = project, raw
        self.folder = f"infra/stacks/{project.removeprefix('slipway-')}"
        self._stack_file = f"{self.folder}/Pulumi.{stack}.yaml"
        path = REPOSITORY / self._stack_file
        content = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else None
        self._in_file: Mapping[str, Any] = (content or {}).get("config") or {}

    def of(self, key: str) -> str:
        if key not in self.raw:
            return f"{self._stack_file} (not set)"
        full = f"{self.project}:{key}"
        if full in self._in_file and _text(self._in_file[full]) == _text(self.raw[key]):
            return self._stack_file
        return "given by the caller"


def _given(project: str) -> dict[str, Any]:
    """Every key of this project, also those no model knows: a misspelt one must be found."""
    prefix = f"{project}:"
    everything = {**get_config_env(), **CONFIG.get()}
    return {key.removeprefix(prefix): value for key, value in everything.items() if key.startswith(prefix)}


def _decoded(model: type[StackSettings], key: str, value: object) -> object:
    """Pulumi hands every value over as text; lists, maps, numbers and truth values are JSON in it."""
    if not isinstance(value, str) or key not in model.model_fields:
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _texts(model: type[StackSettings]) -> set[str]:
    """Keys whose values are text as they are."""
    schemas = model.model_json_schema(mode="validation")["properties"]
    return {key for key, schema in schemas.items() if schema.get("type") == "string" or "const" in schema}


def _explain(model: type[StackSettings], details: ErrorDetails, source: _Source) -> str:
    key = str(details["loc"][0]) if details["loc"] else ""
    if not key:
        return f"{source.folder}: {details['msg'].removeprefix('Value error, ')}"
    path = ".".join(str(part) for part in details["loc"])
    value = f" = {_text(details['input'])}" if key in source.raw else ""
    where = f"{source.of(key)}: {source.project}:{path}{value}"
    if details["type"] == "extra_forbidden":
        close = difflib.get_close_matches(key, model.config_keys(), n=1)
        remedy = f"did you mean {close[0]}?" if close else f"there are {', '.join(model.config_keys())}"
        return f"{where}: no such setting; {remedy}"
    meaning = model.model_fields[key].description or ""
    return f"{where}: {details['msg'].removeprefix('Value error, ')} ({meaning})"


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)
