"""Volumes in a folder of the node, each bound beforehand to the one claim it is for."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core.v1 import PersistentVolume
from pulumi_kubernetes.storage.v1 import StorageClass

from infra.components import timeouts
from infra.components.labels import COMMON


@dataclass(frozen=True, kw_only=True)
class Volume:
    """A folder below the root, its size, and the claim that gets it."""

    name: str
    size: str
    claim_namespace: str
    claim_name: str


@dataclass(frozen=True, kw_only=True)
class LocalVolumesArgs:
    """`root` is a folder on the node in which each volume has a folder of its name."""

    root: str
    volumes: Sequence[Volume]
    protect: bool


class LocalVolumes(pulumi.ComponentResource):
    """A storage class without a provisioner and its volumes; data stays when a claim goes (`Retain`)."""

    storage_class: pulumi.Output[str]

    def __init__(self, name: str, args: LocalVolumesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:kube:LocalVolumes", name, None, opts)
        storage_class = StorageClass(
            name,
            metadata={"name": name, "labels": COMMON},
            provisioner="kubernetes.io/no-provisioner",
            reclaim_policy="Retain",
            volume_binding_mode="WaitForFirstConsumer",
            opts=pulumi.ResourceOptions(parent=self),
        )
        for volume in args.volumes:
            PersistentVolume(
                f"{name}-{volume.name}",
                metadata={
                    "name": f"{name}-{volume.name}",
                    "labels": COMMON,
                    "annotations": timeouts.waits("PersistentVolume"),
                },
                spec={
                    "capacity": {"storage": volume.size},
                    "access_modes": ["ReadWriteOnce"],
                    "persistent_volume_reclaim_policy": "Retain",
                    "storage_class_name": name,
                    "volume_mode": "Filesystem",
                    "claim_ref": {"namespace": volume.claim_namespace, "name": volume.claim_name},
                    "local": {"path": f"{args.root}/{volume.name}"},
                    # A local volume must name its nodes; ours is a one-node cluster, so any node fits.
                    "node_affinity": {
                        "required": {
                            "node_selector_terms": [
                                {"match_expressions": [{"key": "kubernetes.io/os", "operator": "Exists"}]}
                            ]
                        }
                    },
                },
                opts=pulumi.ResourceOptions(parent=self, depends_on=[storage_class], protect=args.protect),
            )
        self.storage_class = storage_class.metadata["name"]
        self.register_outputs({"storage_class": self.storage_class})
