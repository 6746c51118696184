"""Foundation: what must exist before anything runs - namespaces and their bounds, priorities, volumes."""

import pulumi

from infra.components.app_namespace import AppNamespace, AppNamespaceArgs
from infra.components.local_volumes import LocalVolumes, LocalVolumesArgs, Volume
from infra.components.places import APP_NAMESPACE, DATA_NAMESPACE
from infra.components.priorities import Priorities, PrioritiesArgs
from infra.components.protection import protects
from infra.settings.foundation import FoundationSettings
from infra.settings.load import load

settings = load(FoundationSettings)
protect = protects(env=settings.env, allow_unprotected=settings.allow_unprotected)
bounds = AppNamespaceArgs(
    owner=settings.owner,
    environment=settings.env,
    quota_cpu=settings.quota_cpu,
    quota_memory=settings.quota_memory,
    quota_pods=settings.quota_pods,
    protect=protect,
    defaults=not settings.policies,
    meshed=settings.mesh,
)
sizes = {"postgresql": settings.postgresql_volume, "redis": settings.redis_volume}
Priorities("slipway", PrioritiesArgs())
storage_class: pulumi.Input[str] = settings.storage_class
volumes: list[LocalVolumes] = []
if settings.volume_root:
    wanted = [Volume(name=n, size=sizes[n], claim_namespace=DATA_NAMESPACE, claim_name=f"data-{n}-0") for n in sizes]
    local = LocalVolumesArgs(root=settings.volume_root, volumes=wanted, protect=protect)
    volumes = [LocalVolumes("slipway-local", local)]
    storage_class = volumes[0].storage_class
app = AppNamespace(APP_NAMESPACE, bounds)
# A volume is not gone before its claim is, and claims go with their namespace: so the namespace goes first.
data = AppNamespace(DATA_NAMESPACE, bounds, pulumi.ResourceOptions(depends_on=volumes))

pulumi.export("namespaces", {"app": app.name, "data": data.name})
pulumi.export("storage_class", storage_class)
pulumi.export("volume_sizes", sizes)
