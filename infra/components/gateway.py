"""Where requests come in: a Gateway of the Gateway API, run by istiod, that speaks https and refuses what it must."""

import json
from dataclasses import dataclass
from typing import Any, Self

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.core.v1 import ConfigMap, Namespace
from pulumi_kubernetes.meta.v1 import ObjectMetaArgsDict
from pulumi_kubernetes.networking.v1 import NetworkPolicy

from infra.components import gateway_objects, timeouts
from infra.components.closed_namespace import quota
from infra.components.gateway_certificate import GatewayCertificate, GatewayCertificateArgs
from infra.components.gateway_objects import CLASS, DRAIN, NAME, GatewayArgs
from infra.components.labels import COMMON
from infra.components.places import GATEWAY_NAMESPACE
from infra.components.traffic import egress
from infra.graph.load import service_graph
from infra.settings.platform import PlatformSettings

# For the official engine; the direct one knows when a Gateway is ready.
UNTIL_PROGRAMMED = {"pulumi.com/waitFor": "condition=Programmed"}


@dataclass(frozen=True, kw_only=True)
class GatewayNamespaceArgs:
    """`owner` is the team named on it; `memory` what the gateway's pods may have at once, in MiB."""

    namespace: str
    owner: str
    memory: int

    @classmethod
    def of(cls, settings: PlatformSettings) -> Self:
        """What the stack's settings say about it; a new pod comes before an old one goes."""
        memory = (settings.gateway_replicas + 1) * settings.gateway_memory
        return cls(namespace=GATEWAY_NAMESPACE, owner=settings.owner, memory=memory)


class GatewayNamespace(pulumi.ComponentResource):
    """Its namespace: Pod Security `restricted`, a bound on memory, and no traffic but what the service graph has."""

    name: pulumi.Output[str]

    def __init__(self, name: str, args: GatewayNamespaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:platform:GatewayNamespace", name, None, opts)
        metadata: ObjectMetaArgsDict = {
            "name": args.namespace,
            "labels": {
                **COMMON,
                "slipway.local/owner": args.owner,
                "pod-security.kubernetes.io/enforce": "restricted",
            },
            "annotations": timeouts.waits("Namespace"),
        }
        made = Namespace(args.namespace, metadata=metadata, opts=pulumi.ResourceOptions(parent=self))
        inside = pulumi.ResourceOptions(parent=self, depends_on=[made])
        NetworkPolicy(
            f"{args.namespace}-default-deny",
            metadata={"name": "default-deny", "namespace": args.namespace, "labels": _labels()},
            spec={"pod_selector": {}, "policy_types": ["Ingress", "Egress"]},
            opts=inside,
        )
        quota(args.namespace, memory=args.memory, opts=inside)
        self.name = made.metadata["name"]
        self.register_outputs({"name": self.name})


class Gateway(pulumi.ComponentResource):
    """Listeners, the pods' shape, what is refused, and whose tokens are checked."""

    address: pulumi.Output[str]

    def __init__(self, name: str, args: GatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:platform:Gateway", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        # Before the listeners: a gateway is never there without what it refuses.
        before = [self._allow(args, child), self._pod(args, child), self._filters(args, child)]
        before += self._tokens(args, child)
        gateway = self._made(
            args,
            "gateway.networking.k8s.io/v1/Gateway",
            NAME,
            gateway_objects.listeners(args, self._certificate(args, child)),
            pulumi.ResourceOptions(parent=self, depends_on=before),
            annotations={
                "networking.istio.io/service-type": args.service,
                "proxy.istio.io/config": json.dumps(
                    {
                        "gatewayTopology": {"numTrustedProxies": args.limits.hops},
                        "proxyMetadata": {
                            "EXIT_ON_ZERO_ACTIVE_CONNECTIONS": "true",
                            "MINIMUM_DRAIN_DURATION": f"{DRAIN}s",
                        },
                    }
                ),
                **timeouts.waits("Gateway"),
                **UNTIL_PROGRAMMED,
            },
        )
        self._made(
            args,
            "gateway.networking.k8s.io/v1/HTTPRoute",
            "to-https",
            gateway_objects.redirect(args),
            pulumi.ResourceOptions(parent=self, depends_on=[gateway]),
        )
        self.address = gateway.id.apply(lambda _: f"{NAME}-{CLASS}.{args.namespace}.svc")
        self.register_outputs({"address": self.address})

    def _certificate(self, args: GatewayArgs, opts: pulumi.ResourceOptions) -> pulumi.Input[str]:
        if args.certificate:
            return args.certificate
        wanted = GatewayCertificateArgs(
            namespace=args.namespace, image=args.image, hosts=args.hosts, profile=args.profile
        )
        return GatewayCertificate(f"{NAME}-certificate", wanted, opts).secret

    def _pod(self, args: GatewayArgs, opts: pulumi.ResourceOptions) -> ConfigMap:
        shape = {key: json.dumps(each, separators=(",", ":")) for key, each in gateway_objects.overlays(args).items()}
        metadata: ObjectMetaArgsDict = {"name": f"{NAME}-pod", "namespace": args.namespace, "labels": _labels()}
        return ConfigMap(f"{NAME}-pod", metadata=metadata, data=shape, opts=opts)

    def _made(
        self,
        args: GatewayArgs,
        kind: str,
        name: str,
        spec: dict[str, Any],
        opts: pulumi.ResourceOptions,
        *,
        annotations: dict[str, str] | None = None,
    ) -> CustomResource:
        """`kind` is group/version/kind."""
        version, _, kind = kind.rpartition("/")
        metadata = {"name": name, "namespace": args.namespace, "labels": _labels(), "annotations": annotations or {}}
        return CustomResource(
            f"{name}-{kind.lower()}", api_version=version, kind=kind, metadata=metadata, spec=spec, opts=opts
        )

    def _allow(self, args: GatewayArgs, opts: pulumi.ResourceOptions) -> NetworkPolicy:
        """Everybody may come to its ports; it calls what the service graph has."""
        ports = service_graph().workloads["gateway"].ports.values()
        return NetworkPolicy(
            NAME,
            metadata={"name": NAME, "namespace": args.namespace, "labels": _labels()},
            spec={
                "pod_selector": {"match_labels": gateway_objects.SELECTOR},
                "policy_types": ["Ingress", "Egress"],
                "ingress": [{"ports": [{"protocol": "TCP", "port": n} for port in ports for n in port.numbers]}],
                "egress": egress("gateway", profile=args.profile),
            },
            opts=opts,
        )

    def _filters(self, args: GatewayArgs, opts: pulumi.ResourceOptions) -> CustomResource:
        spec = {
            "workloadSelector": {"labels": gateway_objects.SELECTOR},
            "configPatches": gateway_objects.patches(args.limits),
        }
        return self._made(args, "networking.istio.io/v1alpha3/EnvoyFilter", NAME, spec, opts)

    def _tokens(self, args: GatewayArgs, opts: pulumi.ResourceOptions) -> list[CustomResource]:
        """The check; and how Envoy, which fetches the keys itself, knows that Vault is Vault."""
        if not args.issuer:
            return []
        spec = {
            "selector": {"matchLabels": gateway_objects.SELECTOR},
            "jwtRules": [gateway_objects.rule(args.issuer, args.keys)],
        }
        check = self._made(args, "security.istio.io/v1/RequestAuthentication", NAME, spec, opts)
        if not gateway_objects.inside(args.keys):
            return [check]
        kind = "networking.istio.io/v1/DestinationRule"
        return [check, self._made(args, kind, "issuer", gateway_objects.trust(args), opts)]


def _labels() -> dict[str, str]:
    return {
        "app.kubernetes.io/name": NAME,
        **COMMON,
    }
