"""Objects the node itself keeps in the cluster: made when missing, put back when anybody changed them."""

from typing import Any

from infra.cluster.rest import MANAGER, Rest, poll
from infra.lib.errors import Exit, SlipwayError

Data = dict[str, Any]
# The API server answers /readyz before its own start-up objects (namespaces, roles) are all there.
DEADLINE = 20.0


def restore(rest: Rest, made: list[tuple[str, Data]], *, deadline: float = DEADLINE) -> None:
    """Make every object (API path, content) what it should be, in order; writes nothing where all is well."""
    for path, body in made:
        said = ""

        def settled(path: str = path, body: Data = body) -> bool:
            nonlocal said
            said = _settle(rest, path, body)
            return not said

        if not poll(settled, deadline=deadline):
            raise SlipwayError(f"the API server refused {path}: {said}", code=Exit.FAILED)


def _settle(rest: Rest, path: str, body: Data) -> str:
    """One attempt; the reason when it has to be repeated, "" when the object is right.

    The comparison is the server's: a replacement as dry run has every default in it, and fields that
    somebody added (a pause, a node selector) are gone from it.
    """
    status, live = rest.call("GET", path)
    if status == 404:
        return _applied(rest, path, body)
    if status != 200:
        return _words(live)
    if "deletionTimestamp" in live["metadata"]:
        return "the earlier object is being deleted"
    return _replaced(rest, path, body, live)


def _replaced(rest: Rest, path: str, body: Data, live: Data) -> str:
    wanted, query = _replacement(live, body), f"?fieldManager={MANAGER}"
    status, answer = rest.call("PUT", f"{path}{query}&dryRun=All", body=wanted)
    if status == 200 and _essence(answer) != _essence(live):
        status, answer = rest.call("PUT", path + query, body=wanted)
    if status == 422:  # a field that cannot change: a role's reference, a selector, a Service's address
        rest.call("DELETE", path)
        return _applied(rest, path, body)
    return "" if status == 200 else _words(answer)


def _applied(rest: Rest, path: str, body: Data) -> str:
    try:
        rest.apply(path, body)
    except SlipwayError as error:
        return error.message
    return ""


def _replacement(live: Data, body: Data) -> Data:
    """`body` under the identity of the live object; labels and annotations of others stay."""
    metadata = {**live["metadata"], **body["metadata"]}
    for key in ("labels", "annotations"):
        if mine := body["metadata"].get(key):
            metadata[key] = {**live["metadata"].get(key, {}), **mine}
    metadata.pop("managedFields", None)
    return {**body, "metadata": metadata}


def _essence(thing: Data) -> Data:
    """What is compared: all but what the server keeps book of."""
    metadata = {key: thing["metadata"].get(key) or {} for key in ("labels", "annotations")}
    return {**{key: value for key, value in thing.items() if key != "status"}, "metadata": metadata}


def _words(answer: Any) -> str:  # noqa: ANN401 - JSON has no narrower type
    return str(answer.get("message", answer) if isinstance(answer, dict) else answer) or "no answer"
