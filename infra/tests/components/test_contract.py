"""Every component is made the same way: frozen named arguments, children of its own, typed outputs, registered last."""

import ast
import dataclasses
import importlib
import inspect
import pkgutil
import typing
from typing import Any

import pulumi
import pytest

from infra import components


def _components() -> list[type[pulumi.ComponentResource]]:
    found = []
    for info in pkgutil.iter_modules(components.__path__, "infra.components."):
        module = importlib.import_module(info.name)
        found += [
            item
            for _, item in inspect.getmembers(module, inspect.isclass)
            if issubclass(item, pulumi.ComponentResource) and item.__module__ == info.name
        ]
    return found


ALL = _components()


def _init(component: type[pulumi.ComponentResource]) -> ast.FunctionDef:
    tree = ast.parse(inspect.getsource(importlib.import_module(component.__module__)))
    owner = next(node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name == component.__name__)
    return next(node for node in owner.body if isinstance(node, ast.FunctionDef) and node.name == "__init__")


def test_there_are_components() -> None:
    assert {"AppNamespace", "LocalVolumes", "Postgresql", "Priorities", "Redis", "SecretsInit", "TodoApp"} <= {
        component.__name__ for component in ALL
    }


@pytest.mark.parametrize("component", ALL)
def test_arguments_are_one_frozen_keyword_only_dataclass(component: type[pulumi.ComponentResource]) -> None:
    hints = typing.get_type_hints(component.__init__)
    arguments: Any = hints["args"]

    assert list(inspect.signature(component.__init__).parameters) == ["self", "name", "args", "opts"]
    assert arguments.__name__ == f"{component.__name__}Args"
    assert arguments.__dataclass_params__.frozen
    assert all(field.kw_only for field in dataclasses.fields(arguments))


@pytest.mark.parametrize("component", ALL)
def test_outputs_are_typed_attributes_and_all_registered_last(component: type[pulumi.ComponentResource]) -> None:
    outputs = set(component.__annotations__)
    last = _init(component).body[-1]

    assert outputs
    assert isinstance(last, ast.Expr)
    assert isinstance(last.value, ast.Call)
    assert isinstance(last.value.func, ast.Attribute)
    assert last.value.func.attr == "register_outputs"
    registered = last.value.args[0]
    assert isinstance(registered, ast.Dict)
    assert {key.value for key in registered.keys if isinstance(key, ast.Constant)} == outputs


@pytest.mark.parametrize("component", ALL)
def test_every_child_names_its_parent(component: type[pulumi.ComponentResource]) -> None:
    source = inspect.getsource(component)

    assert "parent=self" in source
    assert "**kwargs" not in source
