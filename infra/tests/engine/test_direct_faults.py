"""Faults of the direct engine on a real API; each has a seeded defect that turns it red (`defects.py`)."""

from pathlib import Path

import pytest

from infra.engine.api import StackRef
from infra.engine.direct.engine import DirectEngine
from infra.engine.direct.inventory import NAMESPACE
from infra.lib.errors import Exit, SlipwayError
from infra.lib.kube import Kube, Object
from infra.tests.engine.apiserver import ApiServer
from infra.tests.engine.conftest import MakeStack, With
from infra.tests.engine.killed import left_alive
from infra.tests.engine.programs import chain, never_ready

pytestmark = pytest.mark.integration


def recorded(kube: Kube, stack: str) -> set[str]:
    """The names in the stack's inventory."""
    import json

    found = kube.get("v1", "ConfigMap", NAMESPACE, f"test-{stack}")
    return {item["name"] for item in json.loads(found["data"]["inventory.json"])["objects"]} if found else set()


def living(kube: Kube, namespace: str) -> set[str]:
    """The names of our objects that exist."""
    names = {item["metadata"]["name"] for item in kube.find_all("v1", "ConfigMap", namespace)} - {"kube-root-ca.crt"}
    return names | ({namespace} if kube.get("v1", "Namespace", "", namespace) else set())


# Writes of a first `up` in their order: the system namespace, the inventory, then records and objects mixed.
POINTS = [(position, moment) for position in (1, 2, 3, 4, 6) for moment in ("before", "after")]


class TestKilledAtAnyWrite:
    def test_nothing_unknown_is_left_and_up_converges(
        self, engine: DirectEngine, engine_with: With, kube: Kube, make_stack: MakeStack, tmp_path: Path
    ) -> None:
        killed, point = 0, tmp_path / "point"
        mortal = engine_with(f"kill:{point}")
        for position, moment in POINTS:
            name = f"kill-{position}-{moment}"
            stack = make_stack(chain(f"t-{name}"), name=name)

            point.write_text(f"{position} {moment}")
            killed += _is_killed(mortal, stack)

            assert living(kube, f"t-{name}") <= recorded(kube, name), f"unknown objects after {name}"
            result = engine.up(stack)
            assert len(result.objects) == 7
            assert living(kube, f"t-{name}") == recorded(kube, name) == {f"t-{name}", *(f"c{i}" for i in range(6))}
            assert engine.up(stack).changed == 0
        assert killed == len(POINTS) == 10

    def test_twin_recording_afterwards_leaves_an_orphan(
        self, engine_with: With, kube: Kube, make_stack: MakeStack, tmp_path: Path
    ) -> None:
        stack = make_stack(chain("t-late"), name="late")
        (tmp_path / "point").write_text("3 after")

        assert _is_killed(engine_with("record-late", f"kill:{tmp_path / 'point'}"), stack)

        assert living(kube, "t-late") - recorded(kube, "late"), "the defect was not seen"


class TestAnotherFieldManager:
    def test_its_field_is_left_alone_and_named(self, engine: DirectEngine, kube: Kube, make_stack: MakeStack) -> None:
        stack = _conflict(engine, kube, make_stack, "own")

        with pytest.raises(SlipwayError, match="another field manager owns") as caught:
            engine.up(stack)

        assert 'conflict with "someone"' in caught.value.details[0]
        assert _value(kube, "t-own") == "theirs"

    @pytest.mark.parametrize("tool", ["kubectl", "kubectl-edit", "kubectl-patch", "kubectl-client-side-apply"])
    def test_an_edit_by_hand_is_taken_back(
        self, engine: DirectEngine, kube: Kube, make_stack: MakeStack, tool: str
    ) -> None:
        stack = _conflict(engine, kube, make_stack, tool, manager=tool)

        assert engine.preview(stack).counts["updated"] == 1
        assert engine.up(stack).counts["updated"] == 1
        assert _value(kube, f"t-{tool}") == "ours again"
        assert engine.up(stack).changed == 0

    def test_a_controller_whose_name_begins_like_a_tool_keeps_its_field(
        self, engine: DirectEngine, kube: Kube, make_stack: MakeStack
    ) -> None:
        with pytest.raises(SlipwayError, match="another field manager owns"):
            engine.up(_conflict(engine, kube, make_stack, "alike", manager="kubectlish"))

    def test_twin_forcing_takes_it(
        self, engine: DirectEngine, engine_with: With, kube: Kube, make_stack: MakeStack
    ) -> None:
        engine_with("force").up(_conflict(engine, kube, make_stack, "forced"))

        assert _value(kube, "t-forced") == "ours again"


class TestAnObjectSomebodyElseMade:
    PROGRAM = 'ConfigMap("c", metadata={"name": "%s", "namespace": "default"}, data={"k": "ours"})'

    def test_is_refused_by_name(self, engine: DirectEngine, kube: Kube, make_stack: MakeStack) -> None:
        _create(kube, "foreign")

        with pytest.raises(SlipwayError, match="exists already and Slipway did not make it") as caught:
            engine.up(make_stack(self.PROGRAM % "foreign", name="foreign"))

        assert caught.value.code is Exit.BAD_INPUT
        assert engine.down(make_stack("", name="foreign")).counts["deleted"] == 0
        assert kube.get("v1", "ConfigMap", "default", "foreign") is not None

    def test_twin_without_the_check_is_deleted_by_down(
        self, engine: DirectEngine, engine_with: With, kube: Kube, make_stack: MakeStack
    ) -> None:
        _create(kube, "taken")
        stack = make_stack(self.PROGRAM % "taken", name="taken")

        engine_with("no-claim", "force").up(stack)

        assert engine.down(stack).counts["deleted"] == 1
        assert kube.get("v1", "ConfigMap", "default", "taken") is None


class TestAnObjectThatIsBeingDeleted:
    def test_is_waited_for_and_made_anew(self, engine: DirectEngine, kube: Kube, make_stack: MakeStack) -> None:
        stack = make_stack(chain("t-again"), name="again")
        engine.up(stack)
        kube.delete("v1", "Namespace", "", "t-again")

        assert engine.up(stack).counts["created"] == 7
        assert living(kube, "t-again") == recorded(kube, "again")


class TestOwnersOfAStack:
    def test_the_other_engine_is_refused_with_the_way_over(
        self, engine: DirectEngine, kube: Kube, make_stack: MakeStack
    ) -> None:
        stack = make_stack(chain("t-other"), name="other")
        engine.up(stack)
        _rewrite_inventory(kube, "test-other", '"engine": "direct"', '"engine": "pulumi"')

        with pytest.raises(SlipwayError, match="made by ENGINE=pulumi, not direct") as caught:
            engine.up(stack)

        assert caught.value.code is Exit.BAD_INPUT
        assert "ENGINE=pulumi make down && ENGINE=direct make up" in caught.value.hint

    def test_another_environment_is_refused(self, engine: DirectEngine, make_stack: MakeStack) -> None:
        engine.up(make_stack(chain("t-env"), name="env"))

        with pytest.raises(SlipwayError, match="of ENV=local, not dev"):
            engine.up(make_stack(chain("t-env"), name="env", environment="dev"))

    def test_an_object_of_another_stack_is_refused(self, engine: DirectEngine, make_stack: MakeStack) -> None:
        engine.up(make_stack(chain("t-mine"), name="mine"))

        with pytest.raises(SlipwayError, match="owned by stack mine"):
            engine.up(make_stack(chain("t-mine"), name="thief"))


class TestUnchanged:
    def test_twin_without_comparison_writes(
        self, engine: DirectEngine, engine_with: With, api: ApiServer, make_stack: MakeStack
    ) -> None:
        stack = make_stack(chain("t-same"), name="same")
        engine.up(stack)
        before = api.mark()

        engine_with("always-write").up(stack)

        assert len(api.writes(since=before)) >= 7


def _is_killed(engine: DirectEngine, stack: StackRef) -> bool:
    with pytest.raises(SlipwayError, match="ended"):
        engine.up(stack)
    return True


def _conflict(
    engine: DirectEngine, kube: Kube, make_stack: MakeStack, name: str, *, manager: str = "someone"
) -> StackRef:
    """A ConfigMap of ours, a value of which another manager has taken since; the program changes it."""
    program = """
        ConfigMap("c", metadata={"name": "NAME", "namespace": "default"}, data={"k": "VALUE"})
    """.replace("NAME", f"t-{name}")
    engine.up(make_stack(program.replace("VALUE", "ours"), name=name))
    body: Object = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": f"t-{name}", "namespace": "default"},
        "data": {"k": "theirs"},
    }
    path = f"/api/v1/namespaces/default/configmaps/t-{name}"
    params = {"fieldManager": manager, "force": "true"}
    kube.request("PATCH", path, params=params, body=body, media="application/apply-patch+yaml")
    return make_stack(program.replace("VALUE", "ours again"), name=name)


def _value(kube: Kube, name: str) -> str:
    found = kube.get("v1", "ConfigMap", "default", name)
    return str(found["data"]["k"]) if found else ""


def _create(kube: Kube, name: str) -> None:
    body: Object = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"k": "theirs"}}
    kube.request("POST", "/api/v1/namespaces/default/configmaps", params={"fieldManager": "someone"}, body=body)


def _rewrite_inventory(kube: Kube, name: str, old: str, new: str) -> None:
    found = kube.get("v1", "ConfigMap", NAMESPACE, name)
    assert found is not None
    text = found["data"]["inventory.json"]
    assert old in text
    found["data"]["inventory.json"] = text.replace(old, new)
    kube.request("PUT", f"/api/v1/namespaces/{NAMESPACE}/configmaps/{name}", body=found)


class TestAFrontDoorKilledWhileItWaits:
    def test_takes_its_worker_along(self, api: ApiServer, make_stack: MakeStack, tmp_path: Path) -> None:
        stack = make_stack(never_ready("orphan", value="60"), name="orphan")

        assert left_alive(stack, api, tmp_path, "wait for", "infra.engine.direct") == []

    def test_twin_that_does_not_watch_goes_on_writing(
        self, api: ApiServer, make_stack: MakeStack, tmp_path: Path
    ) -> None:
        stack = make_stack(never_ready("outlives", value="60"), name="outlives")

        left = left_alive(stack, api, tmp_path, "wait for", "infra.tests.engine.defects", "outlive")

        assert left
        for process in left:
            process.kill()
