"""`doctor` on Gatekeeper: webhooks that nobody answers, audits that found something or did not happen."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.slipway.doctor import policies

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def configuration(policy: str | None = "Fail") -> dict[str, Any]:
    hook = {"name": "validation.gatekeeper.sh", "clientConfig": {"service": {"namespace": "g", "name": "w"}}}
    return {"webhooks": [{**hook, **({"failurePolicy": policy} if policy else {})}]}


def constraint(total: int = 0, *, at: str = "2026-11-20T23:59:00Z") -> dict[str, Any]:
    violations = [{"namespace": "todo", "message": f"Pod p{n}: has no limits"} for n in range(total)]
    status = {"auditTimestamp": at, "totalViolations": total, "violations": violations}
    return {"kind": "Probes", "metadata": {"name": "probes"}, "status": status}


@pytest.mark.parametrize(("policy", "level"), [("Fail", "fail"), (None, "fail"), ("Ignore", "warn")])
def test_a_webhook_without_endpoints_is_told_by_what_it_does_to_others(policy: str | None, level: str) -> None:
    [finding] = policies.webhooks([configuration(policy)], lambda *_: 0)

    assert finding.level == level
    assert "Service g/w has no ready endpoint" in finding.message
    assert finding.remedy == ".venv/bin/slipway kubectl -n g get pods"


def test_an_answered_webhook_is_fine() -> None:
    [finding] = policies.webhooks([configuration()], lambda *_: 1)

    assert (finding.level, finding.message) == ("ok", "1 are answered")


def test_a_webhook_outside_the_cluster_and_none_at_all_say_nothing() -> None:
    outside = {"webhooks": [{"name": "x", "clientConfig": {"url": "https://example.com"}}]}

    assert policies.webhooks([outside, {"webhooks": None}], lambda *_: 0) == []


def test_violations_are_told_with_their_messages() -> None:
    [finding] = policies.audit([constraint(5)], now=NOW)

    assert finding.level == "warn"
    shown = "; ".join(f"todo: Pod p{number}: has no limits" for number in range(3))
    assert finding.message == f"5 violations: {shown}; and 2 more"


def test_an_audit_that_stopped_is_told() -> None:
    old = (NOW - timedelta(hours=3)).isoformat()

    [finding] = policies.audit([constraint(at=old)], now=NOW)

    assert (finding.level, finding.message) == ("warn", f"was last audited at {old}")


def test_a_clean_audit_is_one_line_and_no_gatekeeper_none() -> None:
    [finding] = policies.audit([constraint(), constraint()], now=NOW)

    assert (finding.level, finding.message) == ("ok", "2 are kept by everything audited")
    assert policies.audit([], now=NOW) == []


class Api:
    """A cluster with one webhook, its endpoints, one template and its constraint."""

    def __init__(self, endpoints: list[dict[str, Any]]) -> None:
        self._endpoints = endpoints

    def find_all(self, api_version: str, kind: str, namespace: str = "", *, labels: str = "") -> list[dict[str, Any]]:
        assert kind != "EndpointSlice" or (namespace, labels) == ("g", "kubernetes.io/service-name=w")
        made = {"spec": {"crd": {"spec": {"names": {"kind": "Probes"}}}}}
        found = {
            "ValidatingWebhookConfiguration": [configuration()],
            "EndpointSlice": [{"endpoints": self._endpoints}],
            "ConstraintTemplate": [made],
            "Probes": [constraint(1)],
        }
        return found.get(kind, []) if kind != "Probes" or api_version == policies.CONSTRAINTS else []


@pytest.mark.parametrize(
    ("endpoints", "levels"),
    [
        ([{"conditions": {"ready": True}}], ["ok", "warn"]),
        ([{"conditions": {"ready": False}}], ["fail", "warn"]),
        ([], ["fail", "warn"]),
    ],
)
def test_the_cluster_is_asked_for_endpoints_and_constraints(endpoints: list[dict[str, Any]], levels: list[str]) -> None:
    found = policies.check(Api(endpoints), now=NOW)  # type: ignore[arg-type] # all that is used of it

    assert [finding.level for finding in found] == levels
