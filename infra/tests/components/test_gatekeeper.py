"""Gatekeeper can refuse an app and nobody else (N17); its chart is the release of its program."""

import json
import re
from typing import Any

import pytest

from infra.components import gatekeeper
from infra.components.gatekeeper import Gatekeeper, GatekeeperArgs
from infra.components.places import APP_NAMESPACES, POLICY_NAMESPACE
from infra.lib import policies
from infra.lib.paths import REPOSITORY
from infra.tests.stacks.recording import Recorded, record
from infra.tests.stacks.whole import ENVIRONMENTS, evaluate

# Where the plural is more than an s, written by hand.
PLURALS = {
    "AuthorizationPolicy": "authorizationpolicies",
    "BackendTLSPolicy": "backendtlspolicies",
    "Ingress": "ingresses",
    "NetworkPolicy": "networkpolicies",
    "ServiceEntry": "serviceentries",
    "WorkloadEntry": "workloadentries",
}
DIGEST = "sha256:" + "0" * 64


def args(**given: Any) -> GatekeeperArgs:  # noqa: ANN401 - fields of the arguments
    usual: dict[str, Any] = {
        "namespace": POLICY_NAMESPACE,
        "judged": APP_NAMESPACES,
        "image": "slipway.local/gatekeeper:0123456789ab",
        "owner": "platform",
        "chart": "/charts/gatekeeper",
        "replicas": 1,
        "memory": 200,
        "cpu": "50m",
        "audit_seconds": 60,
        "profile": "standard",
    }
    return GatekeeperArgs(**{**usual, **given})


def made(**given: Any) -> Recorded:  # noqa: ANN401 - fields of the arguments
    return record(lambda: Gatekeeper("gatekeeper", args(**given)))


def values(**given: Any) -> dict[str, Any]:  # noqa: ANN401 - fields of the arguments
    return gatekeeper.values(args(**given))


def test_the_webhook_fails_closed_for_app_namespaces_by_their_names() -> None:
    found = values()
    [condition] = found["validatingWebhookMatchConditions"]

    assert found["validatingWebhookFailurePolicy"] == "Fail"
    assert set(re.findall(r'"([a-z-]+)"', condition["expression"])) == set(APP_NAMESPACES)
    assert found["validatingWebhookTimeoutSeconds"] <= 3


def test_system_and_policy_namespaces_are_excluded_once_more() -> None:
    never = values()["validatingWebhookExemptNamespacesLabels"]["kubernetes.io/metadata.name"]

    assert {"kube-system", "kube-node-lease", "slipway-system", "argocd", "istio-system"} <= set(never)
    assert not set(never) & set(APP_NAMESPACES)


def test_nothing_that_controllers_live_by_is_sent_to_it() -> None:
    """Leases, endpoints, events and what is cluster-wide change while it is away."""
    resources = {name for rule in gatekeeper.rules() for name in rule["resources"]}

    assert resources.isdisjoint(
        {"*", "leases", "endpoints", "endpointslices", "events", "nodes", "clusterroles", "persistentvolumes"}
    )
    assert not [name for name in resources if name.endswith(("/status", "/binding", "/eviction", "/finalize"))]
    assert [rule["resources"] for rule in gatekeeper.rules() if rule["scope"] != "Namespaced"] == [["namespaces"]]


def test_every_kind_that_a_policy_is_about_is_sent_to_it() -> None:
    sent = {(group, name) for rule in gatekeeper.rules() for group in rule["apiGroups"] for name in rule["resources"]}
    wanted = {
        (group, PLURALS.get(kind, f"{kind.lower()}s"))
        for group, kinds in policies.kinds(policies.load()).items()
        for kind in kinds
        if kind not in gatekeeper.UNASKED
    }

    assert wanted <= sent
    assert ("", "pods/ephemeralcontainers") in sent


def test_the_exempting_label_is_guarded_without_a_webhook() -> None:
    policy = made().get("ValidatingAdmissionPolicy", gatekeeper.GUARD).inputs["spec"]

    [rule] = policy["matchConstraints"]["resourceRules"]
    assert rule["resourceNames"] == list(APP_NAMESPACES)
    assert gatekeeper.IGNORE_LABEL in policy["validations"][0]["expression"]
    assert made().get("ValidatingAdmissionPolicyBinding", gatekeeper.GUARD).inputs["spec"]["validationActions"] == [
        "Deny"
    ]
    assert values()["validatingWebhookCheckIgnoreFailurePolicy"] == "Ignore"


def test_secrets_with_a_token_are_refused_by_the_api_server_and_gatekeeper_reads_none() -> None:
    """The audit writes each object of a kind that some policy names into files."""
    spec = made().get("ValidatingAdmissionPolicy", gatekeeper.TOKENS).inputs["spec"]
    [only] = spec["matchConstraints"]["namespaceSelector"]["matchExpressions"]
    named = {kind for kinds in policies.kinds(policies.load()).values() for kind in kinds}

    assert only == {"key": "kubernetes.io/metadata.name", "operator": "In", "values": list(APP_NAMESPACES)}
    assert spec["matchConstraints"]["resourceRules"][0]["resources"] == ["secrets"]
    assert "kubernetes.io/service-account-token" in spec["validations"][0]["expression"]
    assert made().get("ValidatingAdmissionPolicyBinding", gatekeeper.TOKENS).inputs["spec"]["validationActions"] == [
        "Deny"
    ]
    assert not named & {"Secret", "ConfigMap", "*"}


def test_no_image_but_its_own_runs() -> None:
    """The chart's hooks would bring kubectl and curl."""
    found = values()

    assert found["image"] == {
        "repository": "slipway.local/gatekeeper",
        "release": "0123456789ab",
        "pullPolicy": "IfNotPresent",
    }
    assert not any(found["postInstall"][name]["enabled"] for name in ("labelNamespace", "probeWebhook"))
    assert not found["upgradeCRDs"]["enabled"]


@pytest.mark.parametrize(
    ("reference", "repository", "release"),
    [
        (f"docker.io/x/gatekeeper:v3@{DIGEST}", "docker.io/x/gatekeeper", f"v3@{DIGEST}"),
        ("registry:5000/gatekeeper:v3", "registry:5000/gatekeeper", "v3"),
    ],
)
def test_the_chart_puts_the_reference_together_again(reference: str, repository: str, release: str) -> None:
    image = values(image=reference)["image"]

    assert (image["repository"], image["release"]) == (repository, release)


def test_memory_is_bounded_and_given_back_before_the_bound() -> None:
    found = values(memory=200)

    assert found["audit"]["resources"]["limits"]["memory"] == "200Mi"
    assert found["controllerManager"]["resources"]["limits"]["memory"] == "200Mi"
    assert {"name": "GOMEMLIMIT", "value": "160MiB"} in found["extraEnvs"]


def test_a_single_pod_does_not_block_the_drain_of_its_node() -> None:
    assert values(replicas=1)["pdb"]["controllerManager"]["minAvailable"] == 0
    assert values(replicas=3)["pdb"]["controllerManager"]["minAvailable"] == 2


def test_the_published_chart_is_of_the_same_release_as_the_program() -> None:
    published = made(chart="").get("Release", "gatekeeper").inputs
    required = (REPOSITORY / "infra" / "go" / "gatekeeper" / "go.mod").read_text()

    assert published["version"] == gatekeeper.VERSION
    assert f"open-policy-agent/gatekeeper/v3 v{gatekeeper.VERSION} " in required


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_mini_has_nothing_of_it(env: str) -> None:
    stacks = evaluate(env)

    assert stacks["platform"].resources == []
    assert "Policies" not in json.dumps([item.type for item in stacks["delivery"].resources])
    assert [item for item in stacks["foundation"].objects() if item.type.endswith(":LimitRange")]


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_standard_applies_every_policy_before_the_app(env: str) -> None:
    stacks = evaluate(env, "standard")
    delivery = stacks["delivery"]
    [app] = [item for item in delivery.objects() if item.type.endswith(":Release")]
    constraints = [item for item in delivery.objects() if "constraints.gatekeeper.sh" in item.type]

    assert {item.inputs["metadata"]["name"] for item in constraints} == {policy.name for policy in policies.load()}
    assert all(item.inputs["spec"]["match"]["namespaces"] == list(APP_NAMESPACES) for item in constraints)
    order = [item.urn for item in delivery.resources]
    assert max(order.index(item.urn) for item in constraints) < order.index(app.urn)


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_a_container_without_figures_is_not_given_any_where_a_policy_asks_for_them(env: str) -> None:
    foundation = evaluate(env, "standard")["foundation"]

    assert [item.name for item in foundation.objects() if item.type.endswith(":LimitRange")] == []
    assert [item.name for item in foundation.objects() if item.type.endswith(":ResourceQuota")]
