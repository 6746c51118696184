"""Settings of the stack `platform`."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from infra.settings.base import Cpu
from infra.settings.gateway import WithGateway
from infra.settings.images import Frozen, Reference, complete
from infra.settings.mesh import MeshSettings
from infra.settings.vault import VaultSettings

IMAGES = ("gatekeeper", "istiod", "istio-proxy", "istio-cni", "gateway-certificate", "vault", "vault-bootstrap")


class PlatformSettings(WithGateway, VaultSettings, MeshSettings):
    """What secures the others, from profile standard on: Vault, Gatekeeper, Istio, gateway; memory is in MiB."""

    images: Annotated[Mapping[str, Reference], complete(*IMAGES), Frozen] = Field(
        default_factory=dict, validate_default=True, description="Image name -> pinned reference; rest: the catalog"
    )
    owner: str = Field(
        default="platform", pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", description="Team named on every namespace"
    )
    gatekeeper_chart: str = Field(
        default="", pattern=r"^(/.*)?$", description="Folder of Gatekeeper's chart; empty: the published one"
    )
    gatekeeper_replicas: int = Field(default=1, ge=1, le=9, description="Pods that answer admission")
    gatekeeper_memory: int = Field(default=256, ge=128, le=4096, description="Memory limit of each of its pods, MiB")
    gatekeeper_cpu: Cpu = Field(default="100m", description="CPU request of each of its pods")
    audit_seconds: int = Field(default=60, ge=10, le=3600, description="Seconds between two audits")
