"""The third point of judgement: an API server with Gatekeeper's webhook, asked by dry runs."""

import copy
import re
from dataclasses import dataclass

from infra.components.gatekeeper import UNASKED
from infra.lib.kube import Kube, KubeError, Object
from infra.verify.policies.corpus import Attempt

REFUSED = (400, 403, 422)
# What Gatekeeper puts before each message.
BY_POLICY = re.compile(r"^(?:.*denied the request: )?\[([a-z-]+)\] ", re.MULTILINE)


@dataclass(frozen=True)
class Answer:
    """What the API server said: admitted, or refused by these policies; none: by the API server itself."""

    admitted: bool
    policies: frozenset[str] = frozenset()
    message: str = ""


def ask(kube: Kube, item: Object) -> Answer:
    """Create the object, or replace the namespace, without storing it."""
    kind = kube.kind(item["apiVersion"], item["kind"])
    if kind is None:
        return Answer(admitted=False, message="the API has no such kind")
    metadata = item["metadata"]
    try:
        if item["kind"] == "Namespace":
            live = kube.get("v1", "Namespace", "", metadata["name"])
            body = copy.deepcopy(live or {})
            body["metadata"]["labels"] = metadata["labels"]
            kube.request("PUT", kind.path("", metadata["name"]), params={"dryRun": "All"}, body=body)
        else:
            kube.request("POST", kind.path(metadata["namespace"]), params={"dryRun": "All"}, body=item)
    except KubeError as error:
        if error.http not in REFUSED:
            raise
        return Answer(admitted=False, policies=frozenset(BY_POLICY.findall(error.message)), message=error.message)
    return Answer(admitted=True)


def disagreements(kube: Kube, attempts: list[Attempt]) -> tuple[list[str], int]:
    """Attempts that get through unmended or that other policies refuse; how many Gatekeeper itself answered.

    A policy that only warns at admission is left out, and so is what is cluster-wide: their refusal is gator's and the
    audit's.
    """
    wrong, judged = [], 0
    for attempt in attempts:
        expected = attempt.refused - WARNED
        if not expected or attempt.item["kind"] in UNASKED:
            continue
        answer = ask(kube, attempt.item)
        judged += bool(answer.policies)
        if answer.admitted != bool(attempt.mended) or (answer.policies and answer.policies != expected):
            told = "admitted" if answer.admitted else answer.message
            wrong.append(f"{attempt}: want {attempt.mended or sorted(expected)}, have {told}")
    return wrong, judged


WARNED = frozenset({"disruption-budget"})
