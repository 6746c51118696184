"""Sidecars for app namespaces: injected by the namespace's label, led to by the node, strict, refusing by default.

What could lock somebody out is for app namespaces alone, by their names: without istiod a cluster can be repaired.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import pulumi
from pulumi_kubernetes.admissionregistration.v1 import (
    MutatingWebhookArgsDict,
    MutatingWebhookConfiguration,
    ServiceReferenceArgsDict,
    ValidatingWebhookConfiguration,
)
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.helm.v3 import Release
from pulumi_kubernetes.meta.v1 import LabelSelectorArgsDict, LabelSelectorRequirementArgsDict

from infra.components import hardening, mesh_guard, timeouts
from infra.components.labels import COMMON
from infra.components.mesh import source
from infra.components.mesh_guard import INJECTION
from infra.components.places import APP_NAMESPACES, VAULT_NAMESPACE
from infra.settings.platform import PlatformSettings

# Read by istiod, which gives its own authority to every webhook of its revision.
REVISION = {"istio.io/rev": "default"}
VALIDATED = ("security.istio.io", "networking.istio.io", "telemetry.istio.io", "extensions.istio.io")
ASKED = {"sidecar.istio.io/inject": "true"}
# The node's own namespace: the plug-in needs the node's folders, which no app namespace may have.
NODE_NAMESPACE = "kube-system"


@dataclass(frozen=True, kw_only=True)
class NodePluginArgs:
    """`chart` is a folder, "" for the published one; `programs` and `config` are folders of the node; memory in MiB."""

    image: str
    chart: str
    programs: str
    config: str
    cpu: str = "10m"
    memory: int = 96


@dataclass(frozen=True, kw_only=True)
class MeshSidecarsArgs:
    """`control` is istiod's namespace, known once it answers; `members` have sidecars, of `callers` the pods
    that ask for one. `proxy` is the image of sidecars."""

    control: pulumi.Input[str]
    members: Sequence[str]
    callers: Sequence[str]
    node: NodePluginArgs
    proxy: str

    @classmethod
    def of(cls, settings: PlatformSettings, *, control: pulumi.Input[str]) -> Self:
        """What the stack's settings say about them."""
        node = NodePluginArgs(
            image=settings.images["istio-cni"],
            chart=settings.mesh_cni_chart,
            programs=settings.mesh_cni_programs,
            config=settings.mesh_cni_config,
        )
        proxy = settings.images["istio-proxy"]
        return cls(control=control, members=APP_NAMESPACES, callers=(VAULT_NAMESPACE,), node=node, proxy=proxy)


class MeshSidecars(pulumi.ComponentResource):
    """Whoever depends on this component has its pods injected, and talked to by name and certificate only."""

    members: pulumi.Output[list[str]]

    def __init__(self, name: str, args: MeshSidecarsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:platform:MeshSidecars", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        seconds = timeouts.SECONDS["Release"]
        plugin = Release(
            "istio-cni",
            name="istio-cni",
            namespace=NODE_NAMESPACE,
            **source(args.node.chart, published="cni"),
            create_namespace=False,
            timeout=seconds,
            max_history=5,
            values=node_values(args.node, args.members),
            opts=pulumi.ResourceOptions(
                parent=self, custom_timeouts=pulumi.CustomTimeouts(create=f"{seconds}s", update=f"{seconds}s")
            ),
        )
        judge = _validator(args, child)
        policies = [
            _policy("PeerAuthentication", args.control, {"mtls": {"mode": "STRICT"}}, child),
            *[_policy("AuthorizationPolicy", member, {}, child) for member in args.members],
        ]
        # Last: a pod that has a sidecar finds the node and the rules ready.
        injector = _injector(args, pulumi.ResourceOptions(parent=self, depends_on=[plugin, judge, *policies]))
        # Known once the injector and its guards are: a guard before the injector would refuse every pod.
        after = pulumi.ResourceOptions(parent=self, depends_on=[injector])
        made = mesh_guard.guards(args.members, args.proxy, after)
        self.members = pulumi.Output.all(*[each.id for each in made]).apply(lambda _: list(args.members))
        self.register_outputs({"members": self.members})


def _injector(args: MeshSidecarsArgs, opts: pulumi.ResourceOptions) -> MutatingWebhookConfiguration:
    return MutatingWebhookConfiguration(
        "istio-sidecar-injector",
        metadata={"name": "istio-sidecar-injector", "labels": {**COMMON, **REVISION}},
        webhooks=[
            # The label goes before the pods do when a smaller profile is chosen (mesh_guard: who may take it); the
            # names never change.
            _injected(
                args,
                "members",
                {"match_labels": {INJECTION: "enabled"}, "match_expressions": [only(args.members)]},
                closed=True,
            ),
            # Who asks for one elsewhere calls members, and must be able to start while istiod is away.
            _injected(args, "callers", {"match_expressions": [only(args.callers)]}, asked=ASKED),
        ],
        opts=opts,
    )


def _injected(
    args: MeshSidecarsArgs,
    who: str,
    namespaces: LabelSelectorArgsDict,
    *,
    asked: Mapping[str, str] | None = None,
    closed: bool = False,
) -> MutatingWebhookArgsDict:
    return {
        "name": f"{who}.sidecar-injector.istio.io",
        "client_config": {"service": _service(args.control, "/inject")},
        "rules": [
            {
                "operations": ["CREATE"],
                "api_groups": [""],
                "api_versions": ["v1"],
                "resources": ["pods"],
                "scope": "Namespaced",
            }
        ],
        "namespace_selector": namespaces,
        "object_selector": {"match_labels": dict(asked or {})},
        "failure_policy": "Fail" if closed else "Ignore",
        "reinvocation_policy": "Never",
        "side_effects": "None",
        "timeout_seconds": 5,
        "admission_review_versions": ["v1"],
    }


def _validator(args: MeshSidecarsArgs, opts: pulumi.ResourceOptions) -> ValidatingWebhookConfiguration:
    return ValidatingWebhookConfiguration(
        "istio-validator",
        metadata={"name": "istio-validator", "labels": {**COMMON, **REVISION}},
        webhooks=[
            {
                "name": "members.validation.istio.io",
                "client_config": {"service": _service(args.control, "/validate")},
                "rules": [
                    {
                        "operations": ["CREATE", "UPDATE"],
                        "api_groups": list(VALIDATED),
                        "api_versions": ["*"],
                        "resources": ["*"],
                        "scope": "Namespaced",
                    }
                ],
                "namespace_selector": {"match_expressions": [only(args.members)]},
                "failure_policy": "Fail",
                "side_effects": "None",
                "timeout_seconds": 5,
                "admission_review_versions": ["v1"],
            }
        ],
        opts=opts,
    )


def only(members: Sequence[str]) -> LabelSelectorRequirementArgsDict:
    """A namespace of these names."""
    return {"key": "kubernetes.io/metadata.name", "operator": "In", "values": list(members)}


def _service(namespace: pulumi.Input[str], path: str) -> ServiceReferenceArgsDict:
    return {"name": "istiod", "namespace": namespace, "path": path, "port": 443}


def _policy(
    kind: str, namespace: pulumi.Input[str], spec: dict[str, Any], opts: pulumi.ResourceOptions
) -> CustomResource:
    """An empty AuthorizationPolicy allows nothing; a PeerAuthentication in istiod's namespace is for the whole mesh."""
    name = "default-deny" if kind == "AuthorizationPolicy" else "default"
    return CustomResource(
        f"{namespace}-{name}" if isinstance(namespace, str) else name,
        api_version="security.istio.io/v1",
        kind=kind,
        metadata={"name": name, "namespace": namespace, "labels": COMMON},
        spec=spec,
        opts=opts,
    )


def node_values(args: NodePluginArgs, members: Sequence[str]) -> dict[str, Any]:
    """The values of istio-cni's chart."""
    return {
        "image": args.image,
        "pullPolicy": "IfNotPresent",
        "cniBinDir": args.programs,
        "cniConfDir": args.config,
        "chained": True,
        # A pod that started while the plug-in was away is put right in place; until then nothing in it runs.
        "repair": {"enabled": True, "repairPods": True},
        "excludeNamespaces": sorted({"kube-system"} - set(members)),
        "seccompProfile": {"type": "RuntimeDefault"},
        "resources": hardening.resources(cpu=args.cpu, memory=args.memory),
        "global": {"logging": {"level": "default:warn"}},
    }
