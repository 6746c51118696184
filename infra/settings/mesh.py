"""Settings of Istio, part of those of the stack `platform`; memory is in MiB."""

from pydantic import BaseModel, Field

from infra.settings.base import Cpu

FOLDER = r"^(/.*)?$"


class MeshSettings(BaseModel):
    """The control plane in every profile but mini, the proxies' size, and where nodes keep their network plug-ins."""

    mesh_chart: str = Field(
        default="", pattern=FOLDER, description="Folder of istiod's chart; empty: the published one"
    )
    mesh_kinds: tuple[str, ...] = Field(
        default=(), description="Folders of the CRDs of Istio and the Gateway API; empty: the published ones"
    )
    mesh_replicas: int = Field(default=1, ge=1, le=9, description="Pods of istiod")
    mesh_memory: int = Field(default=256, ge=96, le=8192, description="Memory limit of each of its pods, MiB")
    mesh_cpu: Cpu = Field(default="50m", description="CPU request of each of its pods")
    mesh_proxy_memory: int = Field(default=96, ge=64, le=4096, description="Memory limit of each proxy, MiB")
    mesh_proxy_cpu: Cpu = Field(default="10m", description="CPU request of each proxy")
    mesh_cni_chart: str = Field(
        default="", pattern=FOLDER, description="Folder of istio-cni's chart; empty: the published one"
    )
    mesh_cni_programs: str = Field(
        default="/opt/cni/bin", pattern=r"^/.*$", description="Folder of the nodes' network plug-ins"
    )
    mesh_cni_config: str = Field(
        default="/etc/cni/net.d", pattern=r"^/.*$", description="Folder of the nodes' network configuration"
    )
