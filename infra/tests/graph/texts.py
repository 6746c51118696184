"""Every text that a pod is given, and where it stands: environment, commands, probes, hooks, mounted files."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from infra.tests.stacks.objects import Object

HOOKS = ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe")


def environment(item: Object, objects: Sequence[Object]) -> dict[str, str]:
    """Names and values of every container, config maps resolved."""
    maps = _config_maps(item, objects)
    found: dict[str, str] = {}
    for box in item.containers:
        for source in box.get("envFrom", []):
            found |= maps.get(source.get("configMapRef", {}).get("name", ""), {})
        for entry in box.get("env", []):
            key = entry.get("valueFrom", {}).get("configMapKeyRef", {})
            found[entry["name"]] = entry.get("value") or maps.get(key.get("name", ""), {}).get(key.get("key"), "")
    return found


def beside_the_environment(item: Object, objects: Sequence[Object]) -> Iterator[tuple[str, str, str]]:
    """Where it stands, its own name there, and the text."""
    for box in item.containers:
        said = (*box.get("command", []), *box.get("args", []))
        yield from ((f"arguments of {box['name']}", "", text) for text in said)
        for hook in HOOKS:
            yield from ((f"{hook} of {box['name']}", name, text) for name, text in _strings("", box.get(hook)))
    for name, key, text in _files(item, objects):
        yield f"{key} of ConfigMap {name}", key, text


def _config_maps(item: Object, objects: Sequence[Object]) -> Mapping[str, Mapping[str, str]]:
    """Those of its namespace that are rendered; what a Job or a controller makes there is known to nobody here."""
    return {
        each.name: each.manifest.get("data") or {}
        for each in objects
        if each.kind == "ConfigMap" and each.namespace == item.namespace
    }


def _files(item: Object, objects: Sequence[Object]) -> Iterator[tuple[str, str, str]]:
    """ConfigMap, key and text of what its volumes hold."""
    maps = _config_maps(item, objects)
    for volume in item.pod.get("volumes") or []:
        sources = [volume, *volume.get("projected", {}).get("sources", [])]
        for source in (each["configMap"] for each in sources if "configMap" in each):
            chosen = {entry["key"] for entry in source.get("items") or []}
            for key, text in maps.get(source["name"], {}).items():
                if not chosen or key in chosen:
                    yield source["name"], key, text


def _strings(name: str, value: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - parsed YAML
    """Every text below a value, each with the name it has there."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _strings(key, each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(name, each)
    elif isinstance(value, str):
        yield name, value
