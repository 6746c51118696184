"""The objects of the gateway as data: listeners, the shape of its pods, patches of its Envoy, the check of tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from infra.components import gateway_filters, hardening
from infra.components.gateway_filters import Limits
from infra.components.places import APP_NAMESPACE, GATEWAY_NAMESPACE, VAULT_NAMESPACE
from infra.components.priorities import SERVICE
from infra.graph.model import Profile
from infra.settings.gateway import GatewaySettings
from infra.settings.platform import PlatformSettings

NAME = "gateway"
CLASS = "istio"
SELECTOR = {"gateway.networking.k8s.io/gateway-name": NAME}
UID = 1337  # of Istio's proxy
DRAIN = 5  # seconds a pod that ends goes on to take connections, for every node to learn of it
VAULT_CA = "vault-ca"  # a ConfigMap with ca.crt, from Vault's bootstrap
VAULT_CA_FOLDER = "/etc/vault-ca"


@dataclass(frozen=True, kw_only=True)
class GatewayArgs:
    """`served` are the namespaces whose routes it takes; `certificate` "" has one made by `image`; memory in MiB.

    `issuer` "" checks no tokens.
    """

    namespace: str
    served: Sequence[str]
    owner: str
    image: str
    hosts: Sequence[str]
    certificate: str
    port: int
    service: str
    replicas: int
    memory: int
    cpu: str
    limits: Limits
    issuer: str
    keys: str
    profile: Profile

    @classmethod
    def of(cls, settings: PlatformSettings) -> Self:
        """What the stack's settings say about it."""
        return cls(
            namespace=GATEWAY_NAMESPACE,
            served=(APP_NAMESPACE, *([VAULT_NAMESPACE] if settings.gateway_vault_host else [])),
            owner=settings.owner,
            image=settings.images["gateway-certificate"],
            hosts=(*settings.gateway_hosts, *([settings.gateway_vault_host] if settings.gateway_vault_host else [])),
            certificate=settings.gateway_certificate,
            port=settings.gateway_port,
            service=settings.gateway_service,
            replicas=settings.gateway_replicas,
            memory=settings.gateway_memory,
            cpu=settings.gateway_cpu,
            limits=Limits.of(settings),
            issuer=settings.gateway_issuer,
            keys=keys(settings),
            profile=settings.profile,
        )


def listeners(args: GatewayArgs, certificate: object) -> dict[str, Any]:
    """The Gateway's spec: https for routes of the served namespaces, http only to be sent to https."""
    served = {
        "from": "Selector",
        "selector": {
            "matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": list(args.served)}]
        },
    }
    return {
        "gatewayClassName": CLASS,
        "infrastructure": {"parametersRef": {"group": "", "kind": "ConfigMap", "name": f"{NAME}-pod"}},
        "listeners": [
            {
                "name": "https",
                "port": 443,
                "protocol": "HTTPS",
                "tls": {"mode": "Terminate", "certificateRefs": [{"kind": "Secret", "name": certificate}]},
                "allowedRoutes": {"namespaces": served},
            },
            {"name": "http", "port": 80, "protocol": "HTTP", "allowedRoutes": {"namespaces": {"from": "Same"}}},
        ],
    }


def redirect(args: GatewayArgs) -> dict[str, Any]:
    """Everything that comes by http goes to the same place by https."""
    to = {"scheme": "https", "port": args.port, "statusCode": 301}
    return {
        "parentRefs": [{"name": NAME, "sectionName": "http"}],
        "rules": [{"filters": [{"type": "RequestRedirect", "requestRedirect": to}]}],
    }


def overlays(args: GatewayArgs) -> dict[str, Any]:
    """What istiod lays over the objects it makes for the Gateway: strategic merge patches by kind."""
    proxy = {
        "name": "istio-proxy",
        "resources": hardening.resources(cpu=args.cpu, memory=args.memory),
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "volumeMounts": [{"name": "vault-ca", "mountPath": VAULT_CA_FOLDER, "readOnly": True}],
    }
    pod = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "priorityClassName": SERVICE,
        "terminationGracePeriodSeconds": DRAIN + 30,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": UID,
            "runAsGroup": UID,
            "fsGroup": UID,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [proxy],
        # Vault's bootstrap may come later; the kubelet puts the file there when it does.
        "volumes": [{"name": "vault-ca", "configMap": {"name": VAULT_CA, "optional": True}}],
    }
    surge = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    return {
        "deployment": {"spec": {"replicas": args.replicas, "strategy": surge, "template": {"spec": pod}}},
        "podDisruptionBudget": {"spec": {"maxUnavailable": 1}},
    }


def patches(limits: Limits) -> list[dict[str, Any]]:
    """The filters as patches of what istiod sends; what is put first is named in reverse."""
    manager = "envoy.filters.network.http_connection_manager"
    chain = {"filterChain": {"filter": {"name": manager}}}
    router = {"filterChain": {"filter": {"name": manager, "subFilter": {"name": "envoy.filters.http.router"}}}}

    def patch(kind: str, where: dict[str, Any], operation: str, value: dict[str, Any]) -> dict[str, Any]:
        return {
            "applyTo": kind,
            "match": {"context": "GATEWAY", "listener": where},
            "patch": {"operation": operation, "value": value},
        }

    config = {
        "@type": f"{gateway_filters.ENVOY}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        **gateway_filters.manager(limits),
    }
    return [
        patch("NETWORK_FILTER", chain, "MERGE", {"name": manager, "typed_config": config}),
        *(patch("HTTP_FILTER", chain, "INSERT_FIRST", each) for each in reversed(gateway_filters.first(limits))),
        *(patch("HTTP_FILTER", router, "INSERT_BEFORE", each) for each in gateway_filters.last(limits)),
    ]


def rule(issuer: str, keys: str) -> dict[str, Any]:
    """A token of three parts must be the issuer's, and good now; the app judges for whom it is."""
    return {
        "issuer": issuer,
        "jwksUri": keys,
        "fromHeaders": [{"name": gateway_filters.TOKEN_HEADER}],
        # The copy for the check goes; the Authorization header stays.
        "forwardOriginalToken": False,
    }


def keys(settings: GatewaySettings) -> str:
    """Where the issuer's keys are: Vault's by its discovery document; istiod knows Services by whole names."""
    found = settings.gateway_keys or f"{settings.gateway_issuer}/.well-known/keys"
    host, _ = authority(found)
    return found.replace(host, f"{host}.cluster.local", 1) if host.endswith(".svc") else found


def authority(url: str) -> tuple[str, int]:
    """Host and port."""
    host, _, port = url.removeprefix("https://").partition("/")[0].partition(":")
    return host, int(port or 443)


def trust(args: GatewayArgs) -> dict[str, Any]:
    """How Envoy, which fetches the keys itself, knows that an issuer in the cluster is the issuer."""
    host, port = authority(args.keys)
    short = host.removesuffix(".cluster.local")  # as its certificate has it
    tls = {
        "mode": "SIMPLE",
        "caCertificates": f"{VAULT_CA_FOLDER}/ca.crt",
        "sni": short,
        "subjectAltNames": [short],
    }
    return {
        "host": host,
        "exportTo": ["."],
        "trafficPolicy": {"portLevelSettings": [{"port": {"number": port}, "tls": tls}]},
    }


def inside(url: str) -> bool:
    """Whether it is a Service of this cluster."""
    return authority(url)[0].endswith((".svc", ".svc.cluster.local"))
