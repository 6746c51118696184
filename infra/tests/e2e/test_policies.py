"""Profile standard: Gatekeeper refuses what breaks a policy, by the policy's own message, and locks nobody out (N17).

On the instance of profile standard, last of all on it: it ends as one of mini.
"""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from infra.lib.kube import Kube, KubeError
from infra.slipway.doctor import policies
from infra.verify.bed import Bed
from infra.verify.policies import admission, corpus

POLICY_NAMESPACE = "gatekeeper-system"
# N17: all webhook pods killed together; seconds until apps can be changed again, unaided.
RECOVERY = 60.0
# So many attempts reach Gatekeeper; Pod Security and validation refuse the others before it is asked.
FEWEST_JUDGED = 100
HOLD_PODS = ("Pod", "PodTemplate", "ReplicationController", "Deployment", "ReplicaSet", "StatefulSet", "Job", "CronJob")


@pytest.fixture(scope="module")
def kube(standard: Bed) -> Iterator[Kube]:
    """Its API."""
    made = Kube(kubeconfig=standard.instance.kubeconfig)
    yield made
    made.close()


def greedy() -> dict[str, Any]:
    """A pod that is fine but for its limits."""
    pod = corpus.innocent("Pod")
    pod["metadata"]["name"] = "greedy"
    pod["spec"]["containers"][0]["resources"].pop("limits")
    return pod


def test_a_pod_without_limits_is_refused_by_the_policys_own_message(kube: Kube) -> None:
    answer = admission.ask(kube, greedy())

    assert not answer.admitted
    assert answer.policies == {"resource-bounds"}
    assert "[resource-bounds] Pod greedy: container web has no resources.limits.memory" in answer.message


@pytest.mark.parametrize("kind", HOLD_PODS)
def test_what_keeps_to_the_policies_is_admitted(kube: Kube, kind: str) -> None:
    assert admission.ask(kube, corpus.innocent(kind)) == admission.Answer(admitted=True)


def test_no_attempt_gets_round_and_admission_says_what_gator_says(kube: Kube) -> None:
    wrong, answered = admission.disagreements(kube, corpus.read())

    assert wrong == []
    assert list(answered.values()).count(admission.BY_GATEKEEPER) >= FEWEST_JUDGED


def test_a_host_that_another_namespaces_route_has_is_refused(kube: Kube, standard: Bed) -> None:
    [theirs, *_] = [each for each in standard.objects("httproutes", "-n", "todo") if each["spec"].get("hostnames")]
    metadata = {"name": "taker", "namespace": "data", "labels": theirs["metadata"]["labels"]}
    route = {"apiVersion": theirs["apiVersion"], "kind": "HTTPRoute", "metadata": metadata, "spec": theirs["spec"]}

    answer = admission.ask(kube, route)

    assert answer.policies == {"unique-route-hosts"}, answer
    # Its twin: a host that nobody has.
    assert admission.ask(kube, {**route, "spec": {**theirs["spec"], "hostnames": ["free.localhost"]}}).admitted


def test_nobody_exempts_an_app_namespace(kube: Kube, standard: Bed) -> None:
    [ignored] = [each for each in corpus.read() if each.name == "namespaces-ignored"]

    answer = admission.ask(kube, ignored.item)

    assert "ValidatingAdmissionPolicy 'slipway-exemption-label'" in answer.message
    # Its twin: another label is nobody's business.
    standard.kubectl("label", "namespace", "todo", "slipway.local/tried=x", "--dry-run=server")


DEPLOYMENT = "/apis/apps/v1/namespaces/todo/deployments/todo-app-relay"
ON_THE_HOST = {"spec": {"template": {"spec": {"hostNetwork": True}}}}
HARMLESS = {"spec": {"template": {"metadata": {"annotations": {"slipway.local/note": "harmless"}}}}}


@pytest.mark.parametrize("media", ["merge-patch", "strategic-merge-patch", "apply-patch"])
def test_what_is_in_is_judged_again_when_it_is_changed(kube: Kube, media: str) -> None:
    kind = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "todo-app-relay"}}
    form = f"application/{media}+{'yaml' if media == 'apply-patch' else 'json'}"
    params = {"dryRun": "All", "fieldManager": "somebody"} | ({"force": "true"} if media == "apply-patch" else {})

    with pytest.raises(KubeError, match=r"\[no-host-access\]"):
        kube.request("PATCH", DEPLOYMENT, params=params, body={**kind, **ON_THE_HOST}, media=form)
    kube.request("PATCH", DEPLOYMENT, params=params, body={**kind, **HARMLESS}, media=form)


def test_what_is_in_is_judged_again_when_it_is_replaced(kube: Kube) -> None:
    body = kube.request("GET", DEPLOYMENT)
    body["metadata"].pop("managedFields")
    kube.request("PUT", DEPLOYMENT, params={"dryRun": "All"}, body=body)
    body["spec"]["template"]["spec"] |= {"automountServiceAccountToken": True, "serviceAccountName": "default"}

    with pytest.raises(KubeError, match=r"\[own-account\]"):
        kube.request("PUT", DEPLOYMENT, params={"dryRun": "All"}, body=body)


def test_a_container_that_is_put_into_a_running_pod_is_judged(kube: Kube, standard: Bed) -> None:
    pod, *_ = standard.objects("pods", "-n", "todo", "-l", "app.kubernetes.io/component=relay")
    path = f"/api/v1/namespaces/todo/pods/{pod['metadata']['name']}/ephemeralcontainers"
    # Pod Security has nothing against it.
    shut = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": True}
    added = {"name": "peek", "image": "docker.io/library/busybox:latest", "securityContext": shut}

    with pytest.raises(KubeError, match=r"\[(image-registry|no-latest-tag|image-digest)\]"):
        kube.request(
            "PATCH",
            path,
            params={"dryRun": "All"},
            body={"spec": {"ephemeralContainers": [added]}},
            media="application/strategic-merge-patch+json",
        )


def test_nobody_has_a_token_of_the_api_written_into_a_secret(kube: Kube) -> None:
    metadata = {"name": "token", "namespace": "todo", "annotations": {"kubernetes.io/service-account.name": "default"}}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "kubernetes.io/service-account-token"}

    answer = admission.ask(kube, secret)

    assert "ValidatingAdmissionPolicy 'slipway-token-secret'" in answer.message
    # Its twin: a Secret of another type, and the same one where no apps are.
    assert admission.ask(kube, {**secret, "type": "Opaque"}).admitted
    assert admission.ask(kube, {**secret, "metadata": {**metadata, "namespace": "default"}}).admitted


def test_the_app_runs_and_up_again_writes_nothing(standard: Bed) -> None:
    standard.api().add("judged and admitted")
    mark = standard.audit.mark()

    # Nobody names the profile: it stays what it is.
    assert standard.up(env={"PROFILE": ""}).result()["changed"] == 0
    assert standard.audit.writes(since=mark, user="slipway") == []


def test_the_audit_finds_nothing_and_says_so_in_metrics_and_doctor(standard: Bed, kube: Kube) -> None:
    def audited() -> bool:
        pod = standard.objects("pods", "-n", POLICY_NAMESPACE, "-l", "control-plane=audit-controller")[0]
        path = f"/api/v1/namespaces/{POLICY_NAMESPACE}/pods/{pod['metadata']['name']}:8888/proxy/metrics"
        lines = standard.kubectl("get", "--raw", path).splitlines()
        found = [line for line in lines if line.startswith("gatekeeper_violations{")]
        return bool(found) and all(line.endswith(" 0") for line in found)

    def every_one() -> bool:
        return all("auditTimestamp" in (each.get("status") or {}) for each in policies.constraints(kube))

    standard.wait("an audit without violations in the metrics", audited, deadline=300)
    # It is in the metrics a moment before it is on the last constraint.
    standard.wait("an audit of every constraint", every_one, deadline=150)
    told = [json.loads(line) for line in standard.call("doctor", "--json", deadline=240).out.splitlines()]
    assert [each["level"] for each in told if each["subject"] in {"policies", "webhooks"}] == ["ok", "ok"]


def test_with_every_webhook_pod_killed_apps_are_shut_and_nothing_else(kube: Kube, standard: Bed) -> None:
    innocent = corpus.innocent("Pod")
    elsewhere = copy.deepcopy(innocent)
    elsewhere["metadata"]["namespace"] = "default"
    elsewhere["spec"]["serviceAccountName"] = "default"
    standard.kubectl("-n", POLICY_NAMESPACE, "delete", "pods", "--all", "--grace-period=0", "--force", "--wait=false")

    # Their deletion is told before their end. Without an outage the checks below would prove nothing.
    standard.wait("an outage", lambda: not _admitted(standard, innocent), deadline=60, every=0.1)
    assert _admitted(standard, elsewhere), "a namespace that is no app's was shut"
    assert standard.kubectl("create", "namespace", "made-meanwhile", "--dry-run=server")

    seconds = standard.wait("apps can be changed again", lambda: _admitted(standard, innocent), deadline=RECOVERY)
    assert seconds < RECOVERY
    assert admission.ask(kube, greedy()).policies == {"resource-bounds"}


def test_mini_again_keeps_the_data_and_leaves_no_webhook(standard: Bed, kube: Kube) -> None:
    """The twin of the first test as well: without Gatekeeper the pod without limits is admitted."""
    todo = standard.api().add("kept from standard to mini")

    standard.up(env={"PROFILE": "mini"})

    assert standard.api().call("GET", f"/todos/{todo}").status == 200
    assert standard.objects("validatingwebhookconfigurations") == []
    assert POLICY_NAMESPACE not in {each["metadata"]["name"] for each in standard.objects("namespaces")}
    assert admission.ask(kube, greedy()).admitted


def _admitted(bed: Bed, item: dict[str, Any]) -> bool:
    """Asked by kubectl, which does not try again as our own client does."""
    words = ("create", "--dry-run=server", "-o", "name", "-f", "-")
    return bool(bed.kubectl(*words, check=False, given=json.dumps(item)))
