"""Who has written which field of a live object, held against the ownership map."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from infra.lib.ownership import Object, Ownership, Step

SERVER = "before-first-apply"  # invented by the server for an object that nobody owns a field of


def trespasses(known: Ownership, live: Object, *, owner: str, scaled: bool = False) -> Iterator[str]:
    """Fields of the object that a writer set which is neither its owner nor the field's; annotations of a controller's
    bookkeeping are of its own prefix.
    """
    rules = list(known.rules(live, scaled=scaled))
    for entry in live["metadata"].get("managedFields") or []:
        writers = set(known.engines_of(entry["manager"]))
        if owner in writers or entry["manager"] == SERVER or entry.get("subresource") == "status":
            continue
        for path in paths(entry.get("fieldsV1") or {}):
            if not any(rule.covers(path) and rule.owner in writers for rule in rules):
                yield f"{live['kind']} {live['metadata']['name']}: {entry['manager']} wrote {'.'.join(map(str, path))}"


def strangers(known: Ownership, live: Iterable[Object]) -> set[str]:
    """Who has written and is nobody that the map knows."""
    writers = {entry["manager"] for item in live for entry in item["metadata"].get("managedFields") or []}
    return {name for name in writers if name != SERVER and not known.engines_of(name)}


def paths(fields: dict[str, Any], before: tuple[Step, ...] = ()) -> Iterator[tuple[Step, ...]]:
    """Paths of a `fieldsV1`, an item of a list by its key."""
    below = {key: value for key, value in fields.items() if key != "."}
    if not below:
        yield before
    for key, value in below.items():
        yield from paths(value, (*before, _step(key)))


def _step(key: str) -> str:
    kind, _, name = key.partition(":")
    return name if kind == "f" else json.dumps(json.loads(name), sort_keys=True)
