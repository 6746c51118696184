"""N5, live: nobody has written a field that the ownership map gives to somebody else."""

import json
from typing import Any

from infra.lib.ownership import ownership
from infra.verify.bed import Bed
from infra.verify.writers import trespasses

KINDS = (
    "namespaces,resourcequotas,limitranges,networkpolicies,serviceaccounts,configmaps,services,deployments,"
    "statefulsets,cronjobs,poddisruptionbudgets,roles,rolebindings"
)
OURS = {"slipway": "stack", "Helm": "helm"}


def found(bed: Bed) -> list[str]:
    """Trespasses in every object that says it is ours."""
    listed: list[dict[str, Any]] = []
    for namespace in ("todo", "data"):
        text = bed.kubectl("-n", namespace, "get", KINDS, "-o", "json", "--show-managed-fields")
        listed += json.loads(text)["items"]
    labelled = [
        (item, (item["metadata"].get("labels") or {}).get("app.kubernetes.io/managed-by", "")) for item in listed
    ]
    judged = [(item, OURS[label]) for item, label in labelled if label in OURS]
    assert len(judged) > 25
    return [told for item, owner in judged for told in trespasses(ownership(), item, owner=owner)]


def test_every_field_was_written_by_its_owner(bed: Bed) -> None:
    assert found(bed) == []


def test_an_edit_by_somebody_else_is_seen_and_taken_back(bed: Bed) -> None:
    bed.kubectl("-n", "data", "label", "service", "redis", "app.kubernetes.io/component=mine", "--overwrite")
    assert any("kubectl-label wrote metadata.labels" in told for told in found(bed))

    assert bed.up().result()["changed"] == 1
    assert found(bed) == []
