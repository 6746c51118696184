"""Vault's pods and Jobs: least rights, two places for the audit, a key service by its name and no credentials."""

from typing import Any, get_args

import pytest
from pydantic import ValidationError

from infra.cluster.embedded.layout import LOCAL_VOLUMES, VOLUMES
from infra.components.vault_config import NODE, Seal, files, names
from infra.components.vault_pod import MESHED, PodArgs, template
from infra.settings.platform import PlatformSettings
from infra.tests.stacks.recording import Recorded, record_stack
from infra.tests.stacks.whole import IMAGES, config_of, evaluate
from infra.vault.desired import AUDIT

GOOD: dict[str, Any] = {"env": "production", "profile": "standard", "images": IMAGES, "vault_seal": "awskms"}
GOOD |= {"vault_replicas": 3, "gateway_certificate": "tls"}


def platform(env: str = "local", profile: str = "standard") -> Recorded:
    return evaluate(env, profile)["platform"]


def pod(**given: Any) -> dict[str, Any]:  # noqa: ANN401 - fields of the arguments
    usual = {"image": "i", "memory": 256, "cpu": "50m", "namespace": "vault", "checksum": "c", "meshed": False}
    made: dict[str, Any] = template(PodArgs(**{**usual, "seal": Seal(kind=NODE), **given}))
    return made


def test_the_node_has_a_folder_for_every_volume_that_replicas_may_ask_for() -> None:
    annotation = PlatformSettings.model_fields["vault_replicas"].annotation
    config = config_of("platform", "local", "standard") | {"volume_root": str(VOLUMES)}
    config["vault_replicas"] = str(max(get_args(annotation)))
    references = {"slipway-foundation": evaluate("local", "standard")["foundation"].outputs}
    declared = record_stack("platform", env="local", config=config, references=references)
    volumes = [each.inputs["spec"]["local"]["path"] for each in declared.objects() if "PersistentVolume" in each.type]

    assert len(volumes) == 2 * max(get_args(annotation))
    assert set(volumes) <= {str(VOLUMES / name) for name in LOCAL_VOLUMES}


def test_the_audit_file_lies_on_a_volume_of_its_own() -> None:
    claims = [
        each["metadata"]["name"]
        for each in platform().get("StatefulSet", "vault").inputs["spec"]["volumeClaimTemplates"]
    ]
    mounts = {each["mount_path"]: each["name"] for each in pod()["containers"][0]["volume_mounts"]}

    assert claims == ["data", "audit"]
    assert mounts["/vault/data"] != mounts["/vault/audit"]
    assert [file for file in AUDIT.values() if file.startswith("/vault/audit/")]
    assert "stdout" in AUDIT.values()


def test_only_the_embedded_nodes_pods_ask_the_vault_beside_them() -> None:
    assert [each["name"] for each in pod()["init_containers"]] == ["seal-token"]
    assert "VAULT_TOKEN" in pod()["containers"][0]["command"][2]

    by_cloud = pod(seal=Seal(kind="awskms", options={"kms_key_id": "k"}))
    assert "init_containers" not in by_cloud
    assert "VAULT_TOKEN" not in by_cloud["containers"][0]["command"][2]


def test_three_join_one_another_and_one_joins_nobody() -> None:
    text = files(namespace="vault", replicas=3, seal=Seal(kind="awskms", options={"region": "eu"}))["vault.hcl"]

    assert text.count("retry_join") == 3
    assert 'seal "awskms" {\n  region = "eu"\n}' in text
    assert "retry_join" not in files(namespace="vault", replicas=1, seal=Seal(kind=NODE))["vault.hcl"]
    assert "tls_disable" not in text


def test_its_certificate_is_for_every_way_to_it() -> None:
    assert {"vault.vault.svc", "*.vault-internal.vault.svc", "127.0.0.1"} <= set(names(namespace="vault"))


def test_a_sidecar_is_for_the_way_to_postgresql_alone() -> None:
    made = PodArgs(image="i", memory=1, cpu="1", namespace="v", seal=Seal(kind=NODE), checksum="c", meshed=True)

    assert made.metadata({})["annotations"].items() >= dict(MESHED.annotations).items()
    assert MESHED.annotations["traffic.sidecar.istio.io/includeOutboundPorts"] == "5432"
    assert (
        platform()
        .get("StatefulSet", "vault")
        .inputs["spec"]["template"]["metadata"]["labels"]
        .keys()
        .isdisjoint(MESHED.labels)
    )


@pytest.mark.parametrize("env", ["local", "production"])
def test_a_job_may_write_what_it_names_and_read_nothing_else(env: str) -> None:
    rules = {
        (item.inputs["metadata"]["name"], item.inputs["metadata"]["namespace"], verb): rule.get("resourceNames")
        for stack in ("platform", "data")
        for item in evaluate(env, "standard")[stack].objects()
        if item.type.endswith(":Role") and item.inputs["metadata"]["name"].startswith("vault-")
        for rule in item.inputs["rules"]
        if "secrets" in rule["resources"]
        for verb in rule["verbs"]
    }

    assert rules == {
        ("vault-certificates", "vault", "create"): None,
        ("vault-certificates", "vault", "get"): ["vault-tls"],
        ("vault-certificates", "vault", "patch"): ["vault-tls"],
        ("vault-bootstrap", "data", "create"): None,
        ("vault-bootstrap", "data", "get"): ["vault-recovery", "vault-users"],
        ("vault-bootstrap", "data", "patch"): ["vault-recovery", "vault-users"],
        ("vault-database", "todo", "get"): ["todo-app"],
    }


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"vault_seal": "node"}, "production wants a key service"),
        ({"vault_seal": ""}, "could not unseal itself"),
        ({"vault_replicas": 1}, "production wants 3"),
        ({"vault_people": {"ada": []}}, "signs people in elsewhere"),
        ({"vault_seal_options": {"secret_key": "x"}}, "give the pod an identity instead"),
        ({"vault_replicas": 2}, "Input should be 1, 3 or 5"),
    ],
)
def test_settings_that_would_not_do_are_refused(change: dict[str, Any], why: str) -> None:
    PlatformSettings.model_validate(GOOD)
    with pytest.raises(ValidationError, match=why):
        PlatformSettings.model_validate({**GOOD, **change})


def test_mini_needs_no_key_service() -> None:
    PlatformSettings.model_validate({"env": "local", "images": IMAGES})
