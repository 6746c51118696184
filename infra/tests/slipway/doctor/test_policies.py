"""`doctor` on Gatekeeper: webhooks that nobody answers, audits that found something or did not happen."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.lib import policies as ours
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


def unaudited(name: str = "probes", **spec: object) -> dict[str, Any]:
    return {"kind": "Probes", "metadata": {"name": name}, "spec": spec}


def test_a_policy_that_was_never_audited_is_not_called_kept() -> None:
    [finding] = policies.audit([constraint(), unaudited("fresh")], now=NOW)

    assert (finding.level, finding.subject) == ("warn", "policies")
    assert finding.message.startswith("1 of 2 were never audited (fresh): right after `make up`")
    assert finding.remedy.endswith("logs -l control-plane=audit-controller")


def test_all_that_were_never_audited_are_one_line() -> None:
    [finding] = policies.audit([unaudited(f"p{number}") for number in range(5)], now=NOW)

    assert "5 of 5 were never audited (p0, p1, p2, and 2 more)" in finding.message


def scoped(**actions: list[str]) -> dict[str, Any]:
    """A spec with these enforcement points for each action."""
    points = {action: [{"name": name} for name in names] for action, names in actions.items()}
    listed = [{"action": action, "enforcementPoints": names} for action, names in points.items()]
    return {"enforcementAction": "scoped", "scopedEnforcementActions": listed}


WATCHES = "only watches: it refuses nothing at admission"
UNSEEN = "is left out of the audit: nobody judges what is there already"


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({"enforcementAction": "dryrun"}, WATCHES),
        ({"enforcementAction": "warn"}, WATCHES),
        (scoped(deny=["audit.gatekeeper.sh"], warn=["validation.gatekeeper.sh"]), WATCHES),
        (scoped(warn=["*"]), WATCHES),
        (scoped(deny=["validation.gatekeeper.sh"]), UNSEEN),
        (scoped(deny=["gator.gatekeeper.sh"]), f"{WATCHES}; {UNSEEN}"),
        ({**scoped(deny=["*"]), "enforcementAction": "dryrun"}, WATCHES),
    ],
)
def test_a_policy_that_does_less_than_refuse_is_named(spec: dict[str, Any], told: str) -> None:
    [finding] = policies.audit([{**constraint(), "spec": spec}], now=NOW)

    assert (finding.level, finding.subject, finding.message) == ("warn", "policy probes", told)


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"enforcementAction": "deny"},
        scoped(deny=["*"]),
        scoped(deny=["validation.gatekeeper.sh"], dryrun=["audit.gatekeeper.sh"]),
    ],
)
def test_a_policy_that_refuses_and_is_audited_is_fine(spec: dict[str, Any]) -> None:
    assert [each.level for each in policies.audit([{**constraint(), "spec": spec}], now=NOW)] == ["ok"]


def test_our_own_policies_do_what_they_are_meant_to_and_no_less() -> None:
    made = [{**policy.constraint, "status": constraint()["status"]} for policy in ours.load()]
    [budget] = [each for each in made if each["metadata"]["name"] == "disruption-budget"]

    assert [each.level for each in policies.audit(made, now=NOW)] == ["ok"]
    [finding] = policies.audit([{**budget, "spec": {**budget["spec"], "enforcementAction": "dryrun"}}], now=NOW)
    assert (finding.subject, finding.remedy) == ("policy disruption-budget", "make up")


def test_policies_that_nobody_is_asked_about_are_told() -> None:
    other = {"webhooks": [{**configuration()["webhooks"][0], "name": "rev.validation.istio.io"}]}

    [finding] = policies.unasked([other, {"webhooks": None}], [constraint()])

    assert (finding.level, finding.subject) == ("warn", "webhook validation.gatekeeper.sh")
    assert finding.remedy == "make up"
    assert policies.unasked([other, configuration()], [constraint()]) == []
    assert policies.unasked([], []) == []


class Api:
    """A cluster with one webhook or none, its endpoints, one template and its constraint."""

    def __init__(self, endpoints: list[dict[str, Any]], *, webhook: bool = True) -> None:
        self._endpoints, self._webhook = endpoints, webhook

    def find_all(self, api_version: str, kind: str, namespace: str = "", *, labels: str = "") -> list[dict[str, Any]]:
        assert kind != "EndpointSlice" or (namespace, labels) == ("g", "kubernetes.io/service-name=w")
        made = {"spec": {"crd": {"spec": {"names": {"kind": "Probes"}}}}}
        found = {
            "ValidatingWebhookConfiguration": [configuration()] if self._webhook else [],
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


def test_a_cluster_without_the_webhook_is_told_so() -> None:
    found = policies.check(Api([], webhook=False), now=NOW)  # type: ignore[arg-type] # all that is used of it

    assert [finding.subject for finding in found] == ["webhook validation.gatekeeper.sh", "policy probes"]
