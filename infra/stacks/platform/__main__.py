"""Platform: what secures the others. Profile mini has none of it."""

import pulumi

from infra.components import vault_stack
from infra.components.gatekeeper import Gatekeeper, GatekeeperArgs
from infra.components.gateway import Gateway, GatewayNamespace, GatewayNamespaceArgs
from infra.components.gateway_objects import GatewayArgs
from infra.components.mesh import Mesh, MeshArgs
from infra.components.mesh_sidecars import MeshSidecars, MeshSidecarsArgs
from infra.settings.load import load
from infra.settings.platform import PlatformSettings

settings = load(PlatformSettings)

if settings.policies:
    gatekeeper = Gatekeeper("gatekeeper", GatekeeperArgs.of(settings))
    pulumi.export("judged", gatekeeper.judged)
if settings.gateway:
    # Before Vault, whose authority is told to everybody that calls it; in profile full after what gives it a sidecar.
    entrance = GatewayNamespace("gateway-namespace", GatewayNamespaceArgs.of(settings))
    mesh = Mesh("mesh", MeshArgs.of(settings))
    gateway = Gateway("gateway", GatewayArgs.of(settings), pulumi.ResourceOptions(depends_on=[entrance, mesh]))
    pulumi.export("mesh", mesh.namespace)
    pulumi.export("gateway", gateway.address)
    # Its Jobs' roles are in app namespaces, which are closed until Gatekeeper answers.
    before_vault: list[pulumi.Resource] = [gatekeeper, entrance]
    if settings.mesh:
        after = pulumi.ResourceOptions(depends_on=[mesh])
        sidecars = MeshSidecars("sidecars", MeshSidecarsArgs.of(settings, control=mesh.namespace), after)
        pulumi.export("meshed", sidecars.members)
        before_vault += [mesh, sidecars]
    vault_stack.platform(settings, pulumi.ResourceOptions(depends_on=before_vault))
