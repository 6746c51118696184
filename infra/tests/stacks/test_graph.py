"""N6: the whole graph of every environment, without a cluster."""

from collections.abc import Callable, Iterator

import pytest

from infra.graph.model import Profile
from infra.tests.stacks import check_order, check_pods, check_traffic
from infra.tests.stacks.objects import Object, world
from infra.tests.stacks.whole import ENVIRONMENTS, PROFILES

ALL = (*check_pods.CHECKS, *check_traffic.CHECKS, *check_order.CHECKS)


@pytest.mark.parametrize("check", ALL, ids=lambda check: str(check.__name__))
@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_every_object_is(env: str, profile: Profile, check: Callable[[list[Object]], Iterator[str]]) -> None:
    assert list(check(world(env, profile))) == []


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_full_has_all_of_mini_and_what_secures_it(env: str) -> None:
    """Figures by default go where a policy asks for figures; a Job's name has its digest in it."""
    mini, full = ({item.key for item in world(env, profile) if item.kind != "Job"} for profile in PROFILES)

    assert {key.partition("/")[0] for key in mini - full} == {"LimitRange"}
    assert {
        "StatefulSet/vault/vault",
        "Deployment/istio-system/istiod",
        "Deployment/gatekeeper-system/gatekeeper-controller-manager",
        "Gateway/gateway/gateway",
    } <= full - mini


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_the_graph_holds_the_workloads_of_mini(env: str) -> None:
    names = {
        item.name.rsplit("-", 1)[0] if item.kind == "Job" else item.name for item in world(env) if item.is_workload
    }

    assert names == {
        "postgresql",
        "redis",
        "secrets-init",
        "todo-app-web",
        "todo-app-migrate",
        "todo-app-relay",
        "todo-app-run-due-todos",
        "todo-app-maintenance",
        "todo-app-test-health",
        "todo-app-test-behaviour",
    }
