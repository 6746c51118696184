"""N6: the whole graph of every environment, without a cluster."""

from collections.abc import Callable, Iterator

import pytest

from infra.tests.stacks import check_order, check_pods, check_traffic
from infra.tests.stacks.objects import Object, world
from infra.tests.stacks.whole import ENVIRONMENTS

ALL = (*check_pods.CHECKS, *check_traffic.CHECKS, *check_order.CHECKS)


@pytest.mark.parametrize("check", ALL, ids=lambda check: str(check.__name__))
@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_every_object_is(env: str, check: Callable[[list[Object]], Iterator[str]]) -> None:
    assert list(check(world(env))) == []


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
