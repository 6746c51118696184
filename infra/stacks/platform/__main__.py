"""Platform: what secures the others. Profile mini has none of it."""

import pulumi

from infra.components.gatekeeper import Gatekeeper, GatekeeperArgs
from infra.components.places import APP_NAMESPACES, POLICY_NAMESPACE
from infra.settings.load import load
from infra.settings.platform import PlatformSettings

settings = load(PlatformSettings)

if settings.policies:
    gatekeeper = Gatekeeper(
        "gatekeeper",
        GatekeeperArgs(
            namespace=POLICY_NAMESPACE,
            judged=APP_NAMESPACES,
            image=settings.images["gatekeeper"],
            owner=settings.owner,
            chart=settings.gatekeeper_chart,
            replicas=settings.gatekeeper_replicas,
            memory=settings.gatekeeper_memory,
            cpu=settings.gatekeeper_cpu,
            audit_seconds=settings.audit_seconds,
        ),
    )
    pulumi.export("judged", gatekeeper.judged)
