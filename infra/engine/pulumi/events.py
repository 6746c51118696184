"""What the Pulumi CLI prints with `--json`, as our results: events a line (up, destroy) or one digest (preview)."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from infra.engine.api import Action, ObjectResult
from infra.lib.errors import Exit, SlipwayError

ACTIONS: Mapping[str, Action] = {
    "create": Action.CREATED,
    "create-replacement": Action.UPDATED,
    "update": Action.UPDATED,
    "same": Action.UNCHANGED,
    "delete": Action.DELETED,
    "import": Action.UPDATED,
    "retain": Action.SKIPPED,
}
PENDING = ("pending operations", "interrupted while", "pending_operations")
LOCKED = ("currently locked", "Another update is currently in progress")
EXISTS = ("already exists", "AlreadyExists")


def events_of(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The JSON events among the lines; anything else the CLI prints is skipped."""
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict):
            yield event


def object_of(event: Mapping[str, Any]) -> ObjectResult | None:
    """The Kubernetes object a finished step is about; None for every other event."""
    metadata = (event.get("resOutputsEvent") or {}).get("metadata")
    return _row(metadata, metadata.get("new") or metadata.get("old")) if metadata else None


def failure_of(events: Iterable[Mapping[str, Any]], stack: str, *, hint_prefix: str) -> SlipwayError:
    """The CLI's own errors with the documented way out of a half-done update; `hint_prefix` is the pulumi command."""
    found = [event["diagnosticEvent"] for event in events if event.get("diagnosticEvent")]
    messages = [_clean(item["message"]) for item in found if item.get("severity") == "error"]
    text = "\n".join(messages)
    hint = ""
    if any(words in text for words in LOCKED):
        hint = f"no other update runs? then: {hint_prefix} cancel --yes, and again"
    elif any(words in text for words in PENDING):
        hint = f"{hint_prefix} cancel --yes; {hint_prefix} refresh --yes --clear-pending-creates; then again"
    elif any(words in text for words in EXISTS):
        hint = f"left by an interrupted update: {hint_prefix} import, or delete the object; then again"
    late = "timed out" in text or "not ready after" in text
    return SlipwayError(
        f"stack {stack}: pulumi reports {len(messages)} error(s)",
        details=tuple(line for message in messages for line in message.splitlines() if line.strip()),
        hint=hint,
        code=Exit.DEADLINE if late else Exit.FAILED,
    )


def preview_rows(digest: Mapping[str, Any]) -> list[ObjectResult]:
    """The steps of `pulumi preview --json`."""
    rows = (_row(step, step.get("newState") or step.get("oldState")) for step in digest.get("steps") or [])
    return [row for row in rows if row is not None]


def _row(step: Mapping[str, Any], state: Mapping[str, Any] | None) -> ObjectResult | None:
    action = ACTIONS.get(str(step.get("op")))
    token = str((state or {}).get("type") or step.get("type") or "")
    if action is None or state is None or not token.startswith("kubernetes:"):
        return None
    inputs = state.get("inputs") or {}
    metadata = inputs.get("metadata") or {}
    version, _, kind = token.removeprefix("kubernetes:").rpartition(":")
    changed = sorted(step.get("detailedDiff") or {})
    return ObjectResult(
        api_version=str(inputs.get("apiVersion") or version),
        kind=kind,
        namespace=str(metadata.get("namespace") or inputs.get("namespace") or ""),
        name=str(metadata.get("name") or inputs.get("name") or ""),
        action=action,
        note=f"changes: {', '.join(changed)}" if changed else "",
    )


def _clean(message: str) -> str:
    """Without the colour marks of the CLI (`<{%fg 1%}>`)."""
    while "<{%" in message:
        before, _, rest = message.partition("<{%")
        message = before + rest.partition("%}>")[2]
    return message.strip()
