"""Whether an apply would change a live object, and a readable difference."""

import copy
import difflib
from collections.abc import Mapping
from typing import Any

import yaml

from infra.lib.kube import Object

# Written by the server or by controllers; no apply of ours sets them.
BEFORE_FIRST_APPLY = "before-first-apply"  # invented by the server for an object that nobody owns a field of
SERVER_METADATA = ("resourceVersion", "generation", "creationTimestamp", "uid", "selfLink")


def same(live: Object, applied: Object) -> bool:
    """Whether the result of a dry-run apply is the live object: values and who owns which field."""
    return _bare(live) == _bare(applied) and _owners(live) == _owners(applied)


def unified(live: Object | None, applied: Object | None, title: str) -> str:
    """A unified diff of the two as YAML; empty when they do not differ to the eye."""
    return unified_text(_text(_shown(live)), _text(_shown(applied)), title)


def unified_text(before: str, after: str, title: str) -> str:
    """A unified diff of two texts; blank lines do not count."""
    old, new = ([f"{line}\n" for line in text.splitlines() if line.strip()] for text in (before, after))
    return "".join(difflib.unified_diff(old, new, f"live {title}", f"program {title}"))


def _bare(body: Object) -> Object:
    metadata = {
        key: value
        for key, value in body["metadata"].items()
        if key not in {"managedFields", "resourceVersion", "generation"}
    }
    return {**{key: value for key, value in body.items() if key != "status"}, "metadata": metadata}


def _owners(body: Object) -> list[Any]:
    """Who owns which field of the spec; status writes of controllers move while we look."""
    entries = [item for item in body["metadata"].get("managedFields") or [] if not item.get("subresource")]
    kept = [{key: value for key, value in item.items() if key != "time"} for item in entries]
    named = [item for item in kept if item["manager"] != BEFORE_FIRST_APPLY]
    return sorted(named, key=lambda item: (item["manager"], item["operation"], item.get("apiVersion", "")))


def _shown(body: Object | None) -> Object | None:
    if body is None:
        return None
    shown = copy.deepcopy(_bare(body))
    for key in SERVER_METADATA:
        shown["metadata"].pop(key, None)
    if shown.get("kind") == "Secret":
        for key in ("data", "stringData"):
            shown[key] = dict.fromkeys(shown.get(key) or {}, "(hidden)")
    return shown


def _text(body: Mapping[str, Any] | None) -> str:
    if body is None:
        return ""
    return yaml.safe_dump(dict(body), sort_keys=True, default_flow_style=False, allow_unicode=True)
