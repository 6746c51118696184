"""A namespace refuses what is unbounded, privileged or not allowed to talk."""

from infra.components.app_namespace import AppNamespace, AppNamespaceArgs
from infra.tests.stacks.recording import Recorded, record

ARGS = AppNamespaceArgs(
    owner="platform", environment="local", quota_cpu="4", quota_memory="2Gi", quota_pods=30, protect=True
)


def declared() -> Recorded:
    return record(lambda: AppNamespace("todo", ARGS))


def test_pod_security_is_restricted_and_the_owner_is_named() -> None:
    labels = declared().get("Namespace", "todo").inputs["metadata"]["labels"]

    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    assert labels["slipway.local/owner"] == "platform"


def test_nothing_talks_until_allowed() -> None:
    spec = declared().get("NetworkPolicy", "default-deny").inputs["spec"]

    assert spec == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_only_the_namespace_is_protected_and_all_else_waits_for_it() -> None:
    recorded = declared()
    namespace = recorded.get("Namespace", "todo")

    assert namespace.protect
    for item in recorded.objects():
        if item is not namespace:
            assert namespace.urn in item.depends_on
            assert not item.protect
