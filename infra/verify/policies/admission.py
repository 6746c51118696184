"""The third point of judgement: an API server with Gatekeeper's webhook, asked by dry runs."""

import copy
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from infra.components.gatekeeper import UNASKED
from infra.lib.kube import Kube, KubeError, Object
from infra.verify.policies.corpus import Attempt

REFUSED = (400, 403, 422)
WARNED = frozenset({"disruption-budget"})
# What became of an attempt at admission. Only of the first is it known that the same policies refuse it there.
BY_GATEKEEPER = "refused by the same policies"
BY_THE_API = "refused by the API server itself"
MENDED = "mended by the API server and admitted"
ONLY_WARNED = "only warned of, so not asked"
CLUSTER_ONLY = "cluster-wide, so not asked"
ANSWERS = (BY_GATEKEEPER, BY_THE_API, MENDED, ONLY_WARNED, CLUSTER_ONLY)
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


def left_out(attempt: Attempt) -> str:
    """Why admission is not asked about an attempt, whose refusal is then gator's, Python's and the audit's; or ""."""
    if not attempt.refused - WARNED:
        return ONLY_WARNED
    return CLUSTER_ONLY if attempt.item["kind"] in UNASKED else ""


def disagreements(kube: Kube, attempts: Iterable[Attempt]) -> tuple[list[str], dict[str, str]]:
    """Attempts that get through unmended or that other policies refuse; and of each, by its name, who answered."""
    wrong: list[str] = []
    answered: dict[str, str] = {}
    for attempt in attempts:
        if why := left_out(attempt):
            answered[attempt.name] = why
            continue
        answer = ask(kube, attempt.item)
        answered[attempt.name] = MENDED if answer.admitted else BY_GATEKEEPER if answer.policies else BY_THE_API
        expected = attempt.refused - WARNED
        if answer.admitted != bool(attempt.mended) or (answer.policies and answer.policies != expected):
            told = "admitted" if answer.admitted else answer.message
            wrong.append(f"{attempt}: want {attempt.mended or sorted(expected)}, have {told}")
    return wrong, answered


def counted(answered: Mapping[str, str]) -> str:
    """How many attempts each point judged, for a note: "refused alike by gator and in Python: 489; at admission: …"."""
    counts = Counter(answered.values())
    told = ", ".join(f"{counts[each]} {each}" for each in ANSWERS if counts[each])
    return f"refused alike by gator and in Python: {len(answered)}; at admission: {told}"
