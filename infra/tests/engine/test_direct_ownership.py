"""A field of another owner in an object of ours: its value stays, and `up` neither writes nor refuses."""

import base64

import pytest

from infra.engine.api import StackRef
from infra.engine.direct.engine import DirectEngine
from infra.lib.errors import SlipwayError
from infra.lib.kube import Kube, Object
from infra.tests.engine.conftest import MakeStack, With

pytestmark = pytest.mark.integration

PLURAL = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
# For a kind that nobody has, so that no request of this API server ever waits for it.
PROGRAM = """
    from pulumi_kubernetes.admissionregistration.v1 import ValidatingWebhookConfiguration
    ValidatingWebhookConfiguration("w", metadata={"name": "gatekeeper-%s", "labels": {"try": "TRY"}}, webhooks=[{
        "name": "w.slipway.local", "admission_review_versions": ["v1"], "side_effects": "None",
        "failure_policy": "Ignore", "client_config": {"ca_bundle": "OURS", "url": "https://127.0.0.1:9/x"},
        "rules": [{"api_groups": ["none.slipway.local"], "api_versions": ["v1"], "resources": ["nones"],
                   "operations": ["CREATE"]}],
    }])
"""


def _text(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


def _bundled(engine: DirectEngine, kube: Kube, make_stack: MakeStack, name: str, *, manager: str) -> StackRef:
    """A webhook of ours whose certificate `manager` has written since; nothing in the program has changed."""
    program = (PROGRAM % name).replace("OURS", _text("ours"))
    stack = make_stack(program.replace("TRY", "1"), name=name)
    engine.up(stack)
    patch = [{"op": "replace", "path": "/webhooks/0/clientConfig/caBundle", "value": _text("theirs")}]
    path, params = f"{PLURAL}/gatekeeper-{name}", {"fieldManager": manager}
    _patch(kube, path, params, patch)
    return stack


def _patch(kube: Kube, path: str, params: dict[str, str], patch: list[Object]) -> None:
    kube.request("PATCH", path, params=params, body=patch, media="application/json-patch+json")  # type: ignore[arg-type] # a list is JSON too


def _bundle(kube: Kube, name: str) -> str:
    found = kube.get("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "", f"gatekeeper-{name}")
    assert found is not None
    return base64.b64decode(found["webhooks"][0]["clientConfig"]["caBundle"]).decode()


def test_its_owner_keeps_it_and_up_changes_nothing(engine: DirectEngine, kube: Kube, make_stack: MakeStack) -> None:
    stack = _bundled(engine, kube, make_stack, "kept", manager="gatekeeper")

    assert engine.preview(stack).counts["updated"] == 0
    assert engine.up(stack).changed == 0
    assert _bundle(kube, "kept") == "theirs"


def test_the_rest_of_the_object_is_still_ours(engine: DirectEngine, kube: Kube, make_stack: MakeStack) -> None:
    _bundled(engine, kube, make_stack, "rest", manager="gatekeeper")
    again = make_stack((PROGRAM % "rest").replace("OURS", _text("ours")).replace("TRY", "2"), name="rest")

    assert engine.up(again).counts["updated"] == 1
    assert _bundle(kube, "rest") == "theirs"
    assert engine.up(again).changed == 0


def test_somebody_else_is_refused_by_name(engine: DirectEngine, kube: Kube, make_stack: MakeStack) -> None:
    stack = _bundled(engine, kube, make_stack, "foreign", manager="someone")

    with pytest.raises(SlipwayError, match="another field manager owns"):
        engine.up(stack)


def test_twin_without_the_map_refuses_its_owner_too(
    engine: DirectEngine, engine_with: With, kube: Kube, make_stack: MakeStack
) -> None:
    stack = _bundled(engine, kube, make_stack, "twin", manager="gatekeeper")

    with pytest.raises(SlipwayError, match="another field manager owns"):
        engine_with("own-all").up(stack)
