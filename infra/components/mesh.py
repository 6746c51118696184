"""istiod by its own chart: in `standard` the Gateway API's controller, in `full` what tells the sidecars as well."""

from dataclasses import dataclass
from typing import Any, Self

import pulumi
from pulumi_kubernetes.core.v1 import Namespace
from pulumi_kubernetes.helm.v3 import Release

from infra.components import hardening, timeouts
from infra.components.closed_namespace import ClosedNamespace, ClosedNamespaceArgs
from infra.components.custom_kinds import CustomKinds, CustomKindsArgs
from infra.components.labels import COMMON
from infra.components.places import MESH_NAMESPACE
from infra.graph.model import Profile
from infra.settings.platform import PlatformSettings

# What the published charts are called; the local ones are of the module in infra/go/istio.
VERSION = "1.31.0"
GATEWAY_VERSION = "1.6.0"
CHARTS = "https://istio-release.storage.googleapis.com/charts"
PUBLISHED_KINDS = (
    f"https://raw.githubusercontent.com/istio/istio/{VERSION}/manifests/charts/base/files/crd-all.gen.yaml",
    f"https://github.com/kubernetes-sigs/gateway-api/releases/download/v{GATEWAY_VERSION}/standard-install.yaml",
)
TRUST_DOMAIN = "cluster.local"


@dataclass(frozen=True, kw_only=True)
class Proxy:
    """Every proxy of the mesh and of gateways: image, CPU request, memory limit in MiB."""

    image: str
    cpu: str
    memory: int


@dataclass(frozen=True, kw_only=True)
class MeshArgs:
    """`chart` and `kinds` are folders, "" and none for what upstream publishes; memory is in MiB."""

    namespace: str
    owner: str
    image: str
    proxy: Proxy
    chart: str
    kinds: tuple[str, ...]
    replicas: int
    memory: int
    cpu: str
    sidecars: bool
    profile: Profile

    @classmethod
    def of(cls, settings: PlatformSettings) -> Self:
        """What the stack's settings say about it."""
        return cls(
            namespace=MESH_NAMESPACE,
            owner=settings.owner,
            image=settings.images["istiod"],
            proxy=Proxy(
                image=settings.images["istio-proxy"], cpu=settings.mesh_proxy_cpu, memory=settings.mesh_proxy_memory
            ),
            chart=settings.mesh_chart,
            kinds=settings.mesh_kinds,
            replicas=settings.mesh_replicas,
            memory=settings.mesh_memory,
            cpu=settings.mesh_cpu,
            sidecars=settings.mesh,
            profile=settings.profile,
        )


class Mesh(pulumi.ComponentResource):
    """The kinds of Istio and of the Gateway API, and the control plane that reads them."""

    namespace: pulumi.Output[str]

    def __init__(self, name: str, args: MeshArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:platform:Mesh", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        kinds = CustomKinds("mesh-kinds", CustomKindsArgs(folders=args.kinds, published=PUBLISHED_KINDS), child)
        namespace = Namespace(
            args.namespace,
            metadata={
                "name": args.namespace,
                "labels": {
                    **COMMON,
                    "slipway.local/owner": args.owner,
                    "pod-security.kubernetes.io/enforce": "restricted",
                },
                "annotations": timeouts.waits("Namespace"),
            },
            opts=child,
        )
        # A new pod comes for each old one before that goes.
        bounds = ClosedNamespaceArgs(
            namespace=args.namespace, profile=args.profile, memory=2 * args.replicas * args.memory
        )
        after = pulumi.ResourceOptions(parent=self, depends_on=[namespace])
        closed = ClosedNamespace("mesh-namespace", bounds, after)
        seconds = timeouts.SECONDS["Release"]
        istiod = Release(
            "istiod",
            name="istiod",
            namespace=args.namespace,
            **source(args.chart, published="istiod"),
            create_namespace=False,
            timeout=seconds,
            max_history=5,
            values=values(args),
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[closed, kinds],
                custom_timeouts=pulumi.CustomTimeouts(create=f"{seconds}s", update=f"{seconds}s"),
            ),
        )
        # Known once istiod answers: what it reads or validates comes after.
        self.namespace = istiod.status.apply(lambda _: args.namespace)
        self.register_outputs({"namespace": self.namespace})


def source(chart: str, *, published: str) -> dict[str, Any]:
    """Where a release's chart is: a folder, or upstream's repository."""
    return {"chart": chart} if chart else {"chart": published, "version": VERSION, "repository_opts": {"repo": CHARTS}}


def values(args: MeshArgs) -> dict[str, Any]:
    """The chart's values."""
    return {
        "image": args.image,
        "autoscaleEnabled": False,
        "replicaCount": args.replicas,
        "resources": hardening.resources(cpu=args.cpu, memory=args.memory),
        "seccompProfile": {"type": "RuntimeDefault"},
        "cni": {"enabled": args.sidecars},
        # Whoever asks in plain text is told every proxy's configuration: nobody but itself may. Without an address it
        # would answer such questions at the port of its health.
        "extraContainerArgs": ["--grpcAddr=127.0.0.1:15010", "--profile=false"],
        # Istio's own filters are not in Envoy's own release: a proxy that was told of one keeps its old configuration.
        "telemetry": {"enabled": False},
        "env": {
            "PILOT_ENABLE_METADATA_EXCHANGE": "false",
            "PILOT_ENABLE_ALPN_FILTER": "false",
            "ENABLE_NATIVE_SIDECARS": "true",
            # The proxy that checks tokens fetches their keys: it can be told which authority to trust.
            "PILOT_JWT_ENABLE_REMOTE_JWKS": "envoy",
            # The same by HTTP, beside its health and its metrics.
            "ENABLE_DEBUG_ON_HTTP": "false",
            # One cluster, no virtual machines.
            "PILOT_ENABLE_WORKLOAD_ENTRY_AUTOREGISTRATION": "false",
        },
        "meshConfig": mesh_config(),
        "global": {
            "istioNamespace": args.namespace,
            "imagePullPolicy": "IfNotPresent",
            "logging": {"level": "default:warn"},
            # Webhooks are ours, so that they are for app namespaces by construction; istiod looks after their caBundle.
            "operatorManageWebhooks": True,
            "configValidation": False,
            "proxy": {
                "image": args.proxy.image,
                "resources": hardening.resources(cpu=args.proxy.cpu, memory=args.proxy.memory),
                "seccompProfile": {"type": "RuntimeDefault"},
                "readinessPeriodSeconds": 5,
            },
            "proxy_init": {"image": args.proxy.image},
        },
        "gateways": {"seccompProfile": {"type": "RuntimeDefault"}},
    }


def mesh_config() -> dict[str, Any]:
    """What every proxy does the same; nothing here weakens what a namespace says."""
    return {
        "trustDomain": TRUST_DOMAIN,
        # Whom the graph does not name is nobody: a proxy knows the cluster's Services and ServiceEntries only.
        "outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"},
        "enableAutoMtls": True,
        "enablePrometheusMerge": False,
        # A path is decided on as the app will read it: %2e, %2f, // and \ have no second meaning.
        "pathNormalization": {"normalization": "DECODE_AND_MERGE_SLASHES"},
        # Asking again is for requests that may be made twice; who may says so (web-virtualservice of the chart).
        "defaultHttpRetryPolicy": {"attempts": 0},
        "defaultConfig": {
            "concurrency": 1,
            # A pod's end waits for open connections, not for a fixed time: a Job's sidecar ends with it.
            "proxyMetadata": {"EXIT_ON_ZERO_ACTIVE_CONNECTIONS": "true", "MINIMUM_DRAIN_DURATION": "0s"},
        },
    }
