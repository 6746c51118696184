"""Pulumi.yaml and the model of a stack say the same: keys, types, defaults, meaning."""

from typing import Any

import pytest
import yaml

from infra.settings.base import StackSettings
from infra.settings.data import DataSettings
from infra.settings.delivery import DeliverySettings
from infra.settings.foundation import FoundationSettings
from infra.settings.platform import PlatformSettings
from infra.tests.stacks.recording import STACKS
from infra.tests.stacks.whole import ENVIRONMENTS

MODELS: dict[str, type[StackSettings]] = {
    "foundation": FoundationSettings,
    "platform": PlatformSettings,
    "data": DataSettings,
    "delivery": DeliverySettings,
}


def declared(stack: str) -> dict[str, dict[str, Any]]:
    content: dict[str, Any] = yaml.safe_load((STACKS / stack / "Pulumi.yaml").read_text(encoding="utf-8"))
    return content["config"]  # type: ignore[no-any-return] # parsed YAML


def expected(model: type[StackSettings]) -> dict[str, dict[str, Any]]:
    """The `config:` block that the model stands for."""
    properties = model.model_json_schema()["properties"]
    block: dict[str, dict[str, Any]] = {}
    for name in model.config_keys():
        field = model.model_fields[name]
        default = field.get_default(call_default_factory=True)
        entry: dict[str, Any] = {
            "type": properties[name].get("type", "string"),
            "default": list(default) if isinstance(default, tuple) else default,
            "description": field.description,
        }
        if entry["type"] == "array":
            entry["items"] = {"type": properties[name]["items"]["type"]}
        block[name] = entry
    return block


@pytest.mark.parametrize("stack", MODELS)
def test_the_declared_config_is_the_model(stack: str) -> None:
    assert declared(stack) == expected(MODELS[stack])


@pytest.mark.parametrize("stack", MODELS)
@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_a_stack_file_sets_only_declared_keys_to_other_than_their_default(stack: str, env: str) -> None:
    content = yaml.safe_load((STACKS / stack / f"Pulumi.{env}.yaml").read_text(encoding="utf-8"))["config"]
    known = {f"slipway-{stack}:{name}": entry["default"] for name, entry in declared(stack).items()}

    assert set(content) <= set(known)
    if env != "local":
        assert [key for key, value in content.items() if known[key] == value] == []
