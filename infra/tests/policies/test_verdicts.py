"""The same Rego in Python says what gator says (N7), and our own objects keep to it (R37)."""

import copy

import pytest

from infra.cluster.embedded import dns
from infra.cluster.embedded.addresses import Network
from infra.components.places import APP_NAMESPACES
from infra.lib import policies
from infra.lib.policies import Policy
from infra.tests.stacks.objects import Object, world
from infra.tests.stacks.whole import ENVIRONMENTS
from infra.verify.policies.rego import Judge
from infra.verify.policies.suites import cases
from infra.verify.policies.verdicts import refusing

ALL = policies.load()
# Namespaces, the kinds of pods that we use, and what stands beside them.
FEWEST = 30


def refusals(objects: list[Object], only: str = "") -> list[str]:
    """`policy: message` of every object that some policy refuses."""
    manifests = [item.manifest for item in objects if item.manifest["kind"] != "Release"]
    found = []
    for policy in ALL:
        if only in policy.name:
            constraint = policies.within(policy.constraint, list(APP_NAMESPACES))
            judge = Judge.of(policy.template, policy.modules)
            for manifest in manifests:
                found += [f"{policy.name}: {told}" for told in judge.messages(constraint, manifest, manifests)]
    return found


@pytest.mark.parametrize("policy", ALL, ids=lambda policy: str(policy.name))
def test_every_case_of_the_suite_has_the_same_verdict(policy: Policy) -> None:
    judge = Judge.of(policy.template, policy.modules)

    found = list(cases(policy))

    assert found
    assert [str(case) for case in found if not case.holds(judge)] == []


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_our_own_objects_keep_to_every_policy(env: str) -> None:
    objects = world(env)

    assert len(objects) > FEWEST
    assert refusals(objects) == []


def test_what_the_node_itself_puts_into_the_cluster_keeps_to_every_policy() -> None:
    """Its roles and bindings are cluster-wide: the audit judges them."""
    made = [item for _, item in dns.objects(Network("10.180.0.0/16"), image="slipway.local/coredns:1")]

    assert {"ClusterRole", "ClusterRoleBinding"} <= {item["kind"] for item in made}
    assert {item["metadata"]["name"]: refusing(item) for item in made if refusing(item)} == {}


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "Job", "CronJob"])
def test_an_object_of_ours_that_breaks_a_policy_is_refused(kind: str) -> None:
    index = next(index for index, item in enumerate(world("local")) if item.kind == kind)
    objects = world("local", breaking=index)
    objects[index].containers[0]["securityContext"]["privileged"] = True

    assert [told.split(":")[0] for told in refusals(objects, only="no-privileged")] == ["no-privileged"]


def test_no_constraint_leaves_out_a_part_of_an_app_namespace() -> None:
    """An exemption would be a selector or an excluded namespace: constraints name kinds and nothing else."""
    assert {key for policy in ALL for key in policy.constraint["spec"]["match"]} == {"kinds"}


def test_another_namespace_is_not_judged() -> None:
    policy = next(policy for policy in ALL if policy.name == "no-privileged")
    judge = Judge.of(policy.template, policy.modules)
    case = next(case for case in cases(policy) if case.refused)
    elsewhere = copy.deepcopy(case.item)
    elsewhere["metadata"]["namespace"] = "kube-system"
    constraint = policies.within(policy.constraint, list(APP_NAMESPACES))

    assert judge.messages(constraint, case.item)
    assert not judge.messages(constraint, elsewhere)
