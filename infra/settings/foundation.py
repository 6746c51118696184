"""Settings of the stack `foundation`."""

from typing import Self

from pydantic import Field, model_validator

from infra.settings.base import Cpu, Memory, StackSettings


class FoundationSettings(StackSettings):
    """Namespaces, quotas and where volumes come from."""

    owner: str = Field(
        default="platform", pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", description="Team named on every namespace"
    )
    volume_root: str = Field(
        default="", pattern=r"^(/.*)?$", description="Folder on the node for local volumes; empty: use storage_class"
    )
    storage_class: str = Field(
        default="", description="StorageClass of the cluster for volumes; empty: its default one, or volume_root"
    )
    postgresql_volume: Memory = Field(default="1Gi", description="Size of PostgreSQL's volume")
    redis_volume: Memory = Field(default="256Mi", description="Size of Redis's volume")
    quota_cpu: Cpu = Field(default="4", description="CPU requests a namespace may sum up to")
    quota_memory: Memory = Field(default="3Gi", description="Memory limits a namespace may sum up to")
    quota_pods: int = Field(default=30, ge=5, le=1000, description="Pods a namespace may hold")
    allow_unprotected: bool = Field(
        default=False, description="Production only: let namespaces and volumes be deleted (logged)"
    )

    @model_validator(mode="after")
    def _one_source_of_volumes(self) -> Self:
        if self.volume_root and self.storage_class:
            raise ValueError("volume_root and storage_class are both set; set one of them")
        if self.production and self.volume_root:
            raise ValueError("volume_root keeps data on one node; production wants a storage_class")
        return self
