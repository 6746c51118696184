"""Volumes on the node: each kept for one claim, on any node, never deleted with its claim."""

from infra.components.local_volumes import LocalVolumes, LocalVolumesArgs, Volume
from infra.tests.stacks.recording import record

ARGS = LocalVolumesArgs(
    root="/srv/volumes",
    volumes=[Volume(name="postgresql", size="1Gi", claim_namespace="data", claim_name="data-postgresql-0")],
    protect=False,
)


def test_a_volume_waits_for_its_claim_and_survives_it() -> None:
    spec = record(lambda: LocalVolumes("local", ARGS)).get("PersistentVolume", "local-postgresql").inputs["spec"]

    assert spec["claimRef"] == {"namespace": "data", "name": "data-postgresql-0"}
    assert spec["persistentVolumeReclaimPolicy"] == "Retain"
    assert spec["local"]["path"] == "/srv/volumes/postgresql"


def test_the_class_provisions_nothing_by_itself() -> None:
    inputs = record(lambda: LocalVolumes("local", ARGS)).get("StorageClass", "local").inputs

    assert inputs["provisioner"] == "kubernetes.io/no-provisioner"
    assert inputs["volumeBindingMode"] == "WaitForFirstConsumer"
