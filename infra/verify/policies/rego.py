"""The verdict of a policy in Python: rego-cpp over the template's own Rego, matched as Gatekeeper matches."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from regopy import Interpreter  # type: ignore[import-untyped]  # ships no types

from infra.lib.kinds import CLUSTER_WIDE
from infra.lib.policies import Object

UNREADABLE = "refused with a message that rego-cpp cannot write"


class Judge:
    """One policy's Rego, compiled once. Not for several threads."""

    def __init__(self, package: str, modules: Mapping[str, str]) -> None:
        self._query = f"data.{package}.violation"
        self._rego = Interpreter()
        self._refers = any("data.inventory" in text for text in modules.values())
        for name, text in modules.items():
            # Data can be given once only, the inventory changes: it comes with the input instead.
            self._rego.add_module(name, text.replace("data.inventory", "input.inventory"))

    @classmethod
    def of(cls, template: Object, modules: Mapping[str, str]) -> "Judge":
        """The judge of a template; its package is the template's name."""
        return cls(template["metadata"]["name"], modules)

    def messages(self, constraint: Object, item: Object, inventory: Iterable[Object] = ()) -> set[str]:
        """What is wrong with an object, with the objects Gatekeeper would know of; empty when it is allowed."""
        if not matches(constraint, item):
            return set()
        self._rego.set_input(
            {
                "review": {"object": item},
                "parameters": constraint["spec"].get("parameters", {}),
                "inventory": _tree(inventory) if self._refers else {},
            }
        )
        try:
            result = self._rego.query(self._query)
        except json.JSONDecodeError:  # rego-cpp does not escape a line break that a message repeats
            return {UNREADABLE}
        if not result.ok():  # its expressions would end the process
            raise ValueError(f"{self._query}: {result}")
        found = json.loads(str(result))["expressions"]
        return {entry["msg"] for entry in found[0]} if found else set()


def matches(constraint: Object, item: Object) -> bool:
    """Whether a constraint is about an object: by group and kind, and by namespace where it names some."""
    match = constraint["spec"]["match"]
    group = item["apiVersion"].rpartition("/")[0]
    if not any(group in entry["apiGroups"] and item["kind"] in entry["kinds"] for entry in match["kinds"]):
        return False
    namespaces = match.get("namespaces")
    place = item["metadata"]["name"] if item["kind"] == "Namespace" else item["metadata"].get("namespace")
    return not namespaces or not place or place in namespaces


def _tree(objects: Iterable[Object]) -> dict[str, Any]:
    """Gatekeeper's inventory: namespace or cluster → version → kind → name."""
    tree: dict[str, Any] = {"cluster": {}, "namespace": {}}
    for item in objects:
        metadata = item["metadata"]
        at = tree["cluster"]
        if item["kind"] not in CLUSTER_WIDE:
            at = tree["namespace"].setdefault(metadata.get("namespace", "default"), {})
        at.setdefault(item["apiVersion"], {}).setdefault(item["kind"], {})[metadata["name"]] = item
    return tree
