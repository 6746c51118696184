"""The direct engine on a real API server: what changes, what does not, what it leaves."""

import pytest

from infra.engine.api import StackRef
from infra.engine.direct.engine import DirectEngine
from infra.lib.kube import Kube
from infra.tests.engine.apiserver import ApiServer
from infra.tests.engine.conftest import MakeStack

pytestmark = pytest.mark.integration

PROGRAM = """
    place = Namespace("up", metadata={"name": "t-up"})
    inside = {"namespace": place.metadata["name"]}
    settings = ConfigMap("settings", metadata={**inside, "name": "settings"}, data={"replicas": "2"})
    service = Service(
        "web", metadata={**inside, "name": "web"},
        spec={"selector": {"app": "web"}, "ports": [{"port": 80, "target_port": 8000, "name": "http"}]},
        opts=ResourceOptions(depends_on=[settings]),
    )
    ConfigMap("address", metadata={**inside, "name": "address"}, data={"ip": service.spec["cluster_ip"]})
    pulumi.export("ip", service.spec["cluster_ip"])
"""


def test_up_creates_then_changes_nothing_then_prunes_then_leaves_nothing(
    engine: DirectEngine, kube: Kube, api: ApiServer, make_stack: MakeStack
) -> None:
    stack = make_stack(PROGRAM, name="up")
    first = engine.up(stack)

    assert first.counts["created"] == 4
    address = kube.get("v1", "ConfigMap", "t-up", "address")
    assert address is not None
    assert address["data"]["ip"] == first.outputs["ip"]
    assert address["data"]["ip"].startswith("10.96.")

    _nothing_written_by_a_second_up(engine, api, stack)

    smaller = make_stack(PROGRAM.replace('ConfigMap("address"', '0 and ConfigMap("address"'), name="up")
    pruned = engine.up(smaller)
    assert pruned.counts == {"created": 0, "updated": 0, "unchanged": 3, "deleted": 1, "skipped": 0}
    assert kube.get("v1", "ConfigMap", "t-up", "address") is None

    gone = engine.down(stack)
    assert gone.counts["deleted"] == 3
    assert kube.get("v1", "Namespace", "", "t-up") is None
    assert engine.down(stack).counts["deleted"] == 0


def _nothing_written_by_a_second_up(engine: DirectEngine, api: ApiServer, stack: StackRef) -> None:
    before = api.mark()
    second = engine.up(stack)
    assert second.counts["unchanged"] == 4
    assert second.changed == 0
    assert api.mark() > before, "the audit log says nothing at all"
    assert api.writes(since=before) == []
