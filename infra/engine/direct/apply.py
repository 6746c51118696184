"""Apply one object server-side, only where that changes it."""

import re

from infra.engine.api import Action
from infra.engine.direct.compare import same
from infra.engine.direct.declared import Ref
from infra.engine.direct.delete import until_gone
from infra.lib.errors import Exit, SlipwayError
from infra.lib.kube import FIELD_MANAGER, Kube, KubeError, Object
from infra.lib.ownership import ownership

FORCE = "pulumi.com/patchForce"  # the official provider's annotation for the same thing
CONFLICT = re.compile(r'conflict with "([^"]+)"')
GONE_DEADLINE = 60.0  # seconds a replaced Job has to go


def placed(kube: Kube, body: Object) -> Object:
    """The body with the namespace the server would choose."""
    found = kube.kind(body["apiVersion"], body["kind"])
    if found is None or not found.namespaced or body["metadata"].get("namespace"):
        return body
    return {**body, "metadata": {**body["metadata"], "namespace": "default"}}


def apply(kube: Kube, body: Object, live: Object | None) -> tuple[Action, Object]:
    """Create, update or leave the object; the live object afterwards. A field that its owner has set stays as it is.

    Raises SlipwayError for a field that another manager owns, an immutable field of anything but
    a Job (which is deleted and made again), and whatever else the server refuses.
    """
    ref = Ref.of(body)
    if live is None:
        return Action.CREATED, _send(kube, body, dry_run=False)
    body = ownership().yielded(body, live)
    try:
        wanted = _send(kube, body, dry_run=True)
        if wanted["metadata"].get("resourceVersion") != live["metadata"].get("resourceVersion"):
            # A controller wrote between our two requests: look again, or its change counts as ours.
            live = kube.get(ref.api_version, ref.kind, ref.namespace, ref.name) or live
            wanted = _send(kube, body, dry_run=True)
        if same(live, wanted):
            return Action.UNCHANGED, live
        return Action.UPDATED, _send(kube, body, dry_run=False)
    except _ImmutableError:
        remove(kube, ref, live)
        return Action.UPDATED, _send(kube, body, dry_run=False)


def desired(kube: Kube, body: Object, live: Object | None) -> Object:
    """What an apply would make of the object, by a dry run; KubeError 404 where its namespace or kind is missing."""
    body = ownership().yielded(body, live) if live else body
    try:
        return kube.apply(body, dry_run=True, force=_forced(body))
    except KubeError as error:
        if error.http == 409 and _only_ours(error):
            return kube.apply(body, dry_run=True, force=True)
        raise


class _ImmutableError(Exception):
    """A Job's template changed."""


def _send(kube: Kube, body: Object, *, dry_run: bool) -> Object:
    try:
        return kube.apply(body, dry_run=dry_run, force=_forced(body))
    except KubeError as error:
        if error.http == 409 and _only_ours(error):
            return kube.apply(body, dry_run=dry_run, force=True)
        if _immutable(error) and body["kind"] == "Job":
            raise _ImmutableError from error
        raise explained(kube, body, error) from error


def explained(kube: Kube, body: Object, error: KubeError) -> SlipwayError:
    """What the server refused, in the user's terms."""
    ref = Ref.of(body)
    namespace = f"-n {ref.namespace} " if ref.namespace else ""
    show = kube.command(f"{namespace}get {ref.kind.lower()} {ref.name} -o yaml --show-managed-fields")
    if error.http == 409 and error.causes:
        return SlipwayError(
            f"{ref}: another field manager owns what the program sets; nothing of it was changed",
            details=tuple(f"{cause.get('field')}: {cause.get('message')}" for cause in error.causes),
            hint=f"leave the field to its owner, or take it with the annotation {FORCE}: 'true'; look: {show}",
        )
    if _immutable(error):
        return SlipwayError(
            f"{ref}: a field that cannot change was changed: {error.message}",
            hint="give the object a new name, or delete it yourself if its data may go",
            code=Exit.BAD_INPUT,
        )
    if error.reason == "NoKind":
        return SlipwayError(
            f"{ref}: {error.message}",
            hint="its CustomResourceDefinition must be ready first: make this object depend on it",
        )
    return SlipwayError(f"{ref}: the API server refused it: {error.message}", details=_fields(error), hint=show)


def _fields(error: KubeError) -> tuple[str, ...]:
    return tuple(f"{cause.get('field')}: {cause.get('message')}" for cause in error.causes)


def _forced(body: Object) -> bool:
    return (body["metadata"].get("annotations") or {}).get(FORCE) == "true"


def _only_ours(error: KubeError) -> bool:
    """Whether every conflict is with Slipway itself (an update, not an apply) or with a person's hand edit.

    What somebody typed into kubectl is taken back, as `up` converges; a controller's field is its own.
    """
    found = [CONFLICT.search(str(cause.get("message", ""))) for cause in error.causes]
    managers = [match[1] if match else "" for match in found]
    return bool(managers) and all(each == FIELD_MANAGER or ownership().by_hand(each) for each in managers)


def _immutable(error: KubeError) -> bool:
    texts = [error.message, *(str(cause.get("message")) for cause in error.causes)]
    return error.http == 422 and any("immutable" in text or "may not change" in text for text in texts)


def remove(kube: Kube, ref: Ref, live: Object) -> None:
    """Delete an object that is about to be made again, and wait until it is gone."""
    kube.delete(ref.api_version, ref.kind, ref.namespace, ref.name, uid=live["metadata"]["uid"])
    until_gone(kube, ref, uid=live["metadata"]["uid"], seconds=GONE_DEADLINE)
