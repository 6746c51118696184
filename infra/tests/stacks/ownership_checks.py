"""The ownership map against everything that is rendered."""

from collections.abc import Iterator, Sequence

from infra.lib.ownership import FieldRule, Ownership, leaves
from infra.tests.stacks.objects import Object


def owner_of(known: Ownership, item: Object) -> list[str]:
    """Every engine the map gives the object to."""
    if item.kind in known.made_by_others:
        return list(known.made_by_others[item.kind])
    stack = known.stacks.get(item.stack)
    return [known.releases if released(item) else stack] if stack else []


def released(item: Object) -> bool:
    """Whether helm makes it: it says so itself, in the label every chart of ours sets, or the chart is not ours."""
    return item.upstream or item.labels.get("app.kubernetes.io/managed-by") == "Helm"


def without_owner(known: Ownership, objects: Sequence[Object]) -> Iterator[str]:
    """Objects of a stack that the map does not know, or of a kind that somebody else makes."""
    for item in objects:
        owners = owner_of(known, item)
        if not owners:
            yield f"{item}: say in contracts/ownership.yaml who owns stack {item.stack}"
        elif item.kind in known.made_by_others and not (item.upstream and known.releases in owners):
            yield f"{item}: every {item.kind} is made by {' or '.join(owners)}"


def with_two_owners(known: Ownership, objects: Sequence[Object]) -> Iterator[str]:
    """Objects that two stacks render, and fields that two rules give to different engines."""
    seen: dict[str, Object] = {}
    for item in objects:
        if item.key in seen:
            yield f"{item}: {seen[item.key]} is the same"
        seen[item.key] = item
        for path in leaves(item.manifest):
            owners = {rule.owner for rule in _rules(known, item, objects) if rule.covers(path)}
            if len(owners) > 1:
                yield f"{item}: {_dotted(path)} belongs to {sorted(owners)}"


def trespassing(known: Ownership, objects: Sequence[Object]) -> Iterator[str]:
    """Fields set by an object's owner that are somebody else's."""
    for item in objects:
        rules = [rule for rule in _rules(known, item, objects) if not rule.first]
        for path in leaves(item.manifest):
            for rule in rules:
                if rule.covers(path) and rule.owner not in owner_of(known, item):
                    yield f"{item}: {_dotted(path)} is set, which belongs to {known.engines[rule.owner].title}"


def _rules(known: Ownership, item: Object, objects: Sequence[Object]) -> list[FieldRule]:
    return list(known.rules(item.manifest, scaled=scaled(item, objects)))


def scaled(item: Object, objects: Sequence[Object]) -> bool:
    """Whether a HorizontalPodAutoscaler points at it."""
    targets = [each.spec["scaleTargetRef"] for each in objects if each.kind == "HorizontalPodAutoscaler"]
    return any((target["kind"], target["name"]) == (item.kind, item.name) for target in targets)


def _dotted(path: tuple[str | int, ...]) -> str:
    return ".".join(map(str, path))
