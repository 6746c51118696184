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
)
sizes = {"postgresql": settings.postgresql_volume, "redis": settings.redis_volume}

Priorities("slipway", PrioritiesArgs())
app, data = AppNamespace(APP_NAMESPACE, bounds), AppNamespace(DATA_NAMESPACE, bounds)
storage_class: pulumi.Input[str] = settings.storage_class
if settings.volume_root:
    volumes = [
        Volume(name=name, size=size, claim_namespace=DATA_NAMESPACE, claim_name=f"data-{name}-0")
        for name, size in sizes.items()
    ]
    local = LocalVolumesArgs(root=settings.volume_root, volumes=volumes, protect=protect)
    storage_class = LocalVolumes("slipway-local", local).storage_class

pulumi.export("namespaces", {"app": app.name, "data": data.name})
pulumi.export("storage_class", storage_class)
pulumi.export("volume_sizes", sizes)
