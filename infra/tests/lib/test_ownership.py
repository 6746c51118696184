"""Whose field it is decides what an apply sends."""

from typing import Any

import pytest

from infra.lib.ownership import leaves, ownership

MAP = ownership()
Object = dict[str, Any]


def webhook(*, name: str = "gatekeeper-validating", bundle: str | None = "ours", kind: str = "Validating") -> Object:
    client: Object = {"service": {"name": "g"}, **({} if bundle is None else {"caBundle": bundle})}
    return {
        "kind": f"{kind}WebhookConfiguration",
        "metadata": {"name": name},
        "webhooks": [
            {"name": "a", "failurePolicy": "Ignore", "clientConfig": client},
            {"name": "b", "clientConfig": {}},
        ],
    }


def live(manager: str, fields: Object, **of: str) -> Object:
    found = webhook(**of)
    found["metadata"]["managedFields"] = [{"manager": manager, "fieldsV1": {"f:webhooks": {'k:{"name":"a"}': fields}}}]
    return found


BUNDLE: Object = {"f:clientConfig": {"f:caBundle": {}}}


def test_what_its_owner_has_set_is_not_sent() -> None:
    assert MAP.yielded(webhook(), live("gatekeeper", BUNDLE)) == webhook(bundle=None)


@pytest.mark.parametrize(
    ("manager", "fields", "name"),
    [
        ("slipway", BUNDLE, "gatekeeper-validating"),  # nobody else has set it yet
        ("pilot-discovery", BUNDLE, "gatekeeper-validating"),  # set by one who does not own it
        ("gatekeeper", {"f:clientConfig": {"f:url": {}}}, "gatekeeper-validating"),  # another field of its
        ("gatekeeper", BUNDLE, "somebody-elses"),  # another object
    ],
)
def test_everything_else_is_sent(manager: str, fields: Object, name: str) -> None:
    assert MAP.yielded(webhook(name=name), live(manager, fields, name=name)) == webhook(name=name)


def test_the_policy_of_istios_webhook_is_left_to_it_and_that_of_gatekeepers_is_not() -> None:
    fields: Object = {"f:failurePolicy": {}}
    istio = MAP.yielded(
        webhook(name="istiod-default-validator"), live("pilot-discovery", fields, name="istiod-default-validator")
    )

    assert "failurePolicy" not in istio["webhooks"][0]
    assert MAP.yielded(webhook(), live("gatekeeper", fields)) == webhook()


@pytest.mark.parametrize(
    ("manager", "hand"),
    [("kubectl", True), ("kubectl-edit", True), ("kubectlish", False), ("helm", False), ("slipway", False)],
)
def test_a_person_is_known_by_the_tool(manager: str, hand: bool) -> None:
    assert MAP.by_hand(manager) is hand


def test_leaves_are_the_paths_of_values() -> None:
    assert list(leaves({"a": [{"b": 1}, "x"], "c": {}, "d": []})) == [("a", 0, "b"), ("a", 1), ("c",), ("d",)]
