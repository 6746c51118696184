"""Names of resources in the official engine's state: a changed one would delete and create what holds data."""

import re

import pytest

from infra.tests.stacks.whole import ENVIRONMENTS, ORDER, evaluate

# Renaming one of these replaces it: give the new one `aliases=[pulumi.Alias(name=...)]` before changing this list.
KEPT = {
    "foundation": {
        "slipway:kube:AppNamespace$kubernetes:core/v1:Namespace::todo",
        "slipway:kube:AppNamespace$kubernetes:core/v1:Namespace::data",
        "slipway:kube:LocalVolumes$kubernetes:core/v1:PersistentVolume::slipway-local-postgresql",
        "slipway:kube:LocalVolumes$kubernetes:core/v1:PersistentVolume::slipway-local-redis",
        "slipway:kube:LocalVolumes$kubernetes:storage.k8s.io/v1:StorageClass::slipway-local",
    },
    "data": {
        "slipway:data:SecretsInit$kubernetes:batch/v1:Job::secrets-init",
        "slipway:data:StatefulService$kubernetes:apps/v1:StatefulSet::postgresql",
        "slipway:data:StatefulService$kubernetes:apps/v1:StatefulSet::redis",
    },
    "delivery": {"slipway:delivery:TodoApp$kubernetes:helm.sh/v3:Release::todo-app"},
}


@pytest.mark.parametrize("stack", KEPT)
def test_what_holds_data_keeps_its_name(stack: str) -> None:
    urns = {item.urn.split("::", 2)[2] for item in evaluate("local")[stack].resources}

    assert urns >= KEPT[stack]


@pytest.mark.parametrize("env", ENVIRONMENTS)
@pytest.mark.parametrize("stack", ORDER)
def test_names_are_written_out_and_unique(env: str, stack: str) -> None:
    recorded = evaluate(env)[stack]
    urns = [item.urn for item in recorded.resources]

    assert len(set(urns)) == len(urns)
    for item in recorded.objects():
        if not item.type.endswith(":Release"):
            assert re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", item.inputs["metadata"]["name"]), item.urn


@pytest.mark.parametrize("stack", ORDER)
def test_every_object_belongs_to_a_component(stack: str) -> None:
    recorded = evaluate("production")[stack]
    components = {item.urn for item in recorded.resources if item.type.startswith("slipway:")}

    assert [item.urn for item in recorded.objects() if item.parent not in components] == []
