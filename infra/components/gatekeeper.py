"""Gatekeeper by its own chart, judging app namespaces and no other: it can refuse an app, never lock anybody out."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import pulumi
from pulumi_kubernetes.core.v1 import Namespace
from pulumi_kubernetes.helm.v3 import Release

from infra.components import hardening, timeouts
from infra.components.closed_namespace import ClosedNamespace, ClosedNamespaceArgs
from infra.components.guard import guard, namespaces
from infra.components.labels import COMMON
from infra.components.places import APP_NAMESPACES, POLICY_NAMESPACE
from infra.graph.model import Profile
from infra.lib import policies
from infra.lib.kinds import CLUSTER_WIDE
from infra.settings.platform import PlatformSettings

# The chart of the same release as the program in infra/go/gatekeeper; a test compares them.
VERSION = "3.23.1"
PUBLISHED = "https://open-policy-agent.github.io/gatekeeper/charts"
IGNORE_LABEL = "admission.gatekeeper.sh/ignore"
# Excluded a second time by name: where an API server is too old for the chart's match conditions, these hold.
NEVER = ("kube-system", "kube-public", "kube-node-lease", "slipway-system", "istio-system", "vault", "argocd")
GUARD, TOKENS = "slipway-exemption-label", "slipway-token-secret"
# Judged by `make check` and the audit: nobody may be unable to change these because Gatekeeper is away.
UNASKED = CLUSTER_WIDE - {"Namespace"}
# Ways to change a pod that are no change of the pod to the API.
WITH_PODS = ("pods/ephemeralcontainers", "pods/resize")


@dataclass(frozen=True, kw_only=True)
class GatekeeperArgs:
    """`judged` are the namespaces its webhook is called for; `chart` a folder, "" for the published one; MiB."""

    namespace: str
    judged: Sequence[str]
    image: str
    owner: str
    chart: str
    replicas: int
    memory: int
    cpu: str
    audit_seconds: int
    profile: Profile

    @classmethod
    def of(cls, settings: PlatformSettings) -> Self:
        """What the stack's settings say about it."""
        return cls(
            namespace=POLICY_NAMESPACE,
            judged=APP_NAMESPACES,
            image=settings.images["gatekeeper"],
            owner=settings.owner,
            chart=settings.gatekeeper_chart,
            replicas=settings.gatekeeper_replicas,
            memory=settings.gatekeeper_memory,
            cpu=settings.gatekeeper_cpu,
            audit_seconds=settings.audit_seconds,
            profile=settings.profile,
        )


class Gatekeeper(pulumi.ComponentResource):
    """Namespace, release, and the guard of the label that would exempt a namespace."""

    judged: pulumi.Output[list[str]]

    def __init__(self, name: str, args: GatekeeperArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:platform:Gatekeeper", name, None, opts)
        labels = {
            **COMMON,
            "slipway.local/owner": args.owner,
        }
        namespace = Namespace(
            args.namespace,
            metadata={
                "name": args.namespace,
                "labels": {**labels, "pod-security.kubernetes.io/enforce": "restricted"},
                "annotations": timeouts.waits("Namespace"),
            },
            opts=pulumi.ResourceOptions(parent=self),
        )
        closed = ClosedNamespace(
            "gatekeeper-namespace",
            ClosedNamespaceArgs(namespace=args.namespace, profile=args.profile),
            pulumi.ResourceOptions(parent=self, depends_on=[namespace]),
        )
        guard = self._guard(args.judged, labels)
        seconds = timeouts.SECONDS["Release"]
        release = Release(
            name,
            name=name,
            namespace=args.namespace,
            **_source(args.chart),
            create_namespace=False,
            timeout=seconds,
            max_history=5,
            values=values(args),
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[closed, *guard],
                custom_timeouts=pulumi.CustomTimeouts(create=f"{seconds}s", update=f"{seconds}s"),
            ),
        )
        # Known once the release is: who waits for it knows that objects of these namespaces are judged.
        self.judged = release.status.apply(lambda _: list(args.judged))
        self.register_outputs({"judged": self.judged})

    def _guard(self, judged: Sequence[str], labels: dict[str, str]) -> list[pulumi.CustomResource]:
        """The API server itself refuses the label on these namespaces: no webhook to be away, nobody locked out."""
        spec = {
            "failure_policy": "Fail",
            "match_constraints": namespaces(judged),
            "validations": [
                {
                    "expression": f"!has(object.metadata.labels) || !('{IGNORE_LABEL}' in object.metadata.labels)",
                    "message": f"the label {IGNORE_LABEL} would exempt this namespace from every policy",
                },
                {
                    "expression": "!has(request.subResource) || request.subResource == '' ||"
                    " object.metadata.?labels.orValue({}) == oldObject.metadata.?labels.orValue({})",
                    "message": "labels beside the status or the finalizers would change past every policy",
                },
            ],
        }
        child = pulumi.ResourceOptions(parent=self)
        return [*guard(GUARD, spec, labels, child), *guard(TOKENS, token_spec(judged), labels, child)]


def token_spec(judged: Sequence[str]) -> Any:  # noqa: ANN401 - mypy compares the SDK's typed dicts for 20 GB
    """No Secret that the API server fills with a token without an end.

    Gatekeeper is told of no Secret: its audit writes whatever kind it is to judge into files, those of all namespaces.
    """
    return {
        "failure_policy": "Fail",
        "match_constraints": {
            "namespace_selector": {
                "match_expressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": list(judged)}]
            },
            "resource_rules": [
                {
                    "api_groups": [""],
                    "api_versions": ["*"],
                    "operations": ["CREATE", "UPDATE"],
                    "resources": ["secrets"],
                }
            ],
        },
        "validations": [
            {
                "expression": "!has(object.type) || object.type != 'kubernetes.io/service-account-token'",
                "message": "a Secret of this type holds a token of the API that never ends",
            }
        ],
    }


def values(args: GatekeeperArgs) -> dict[str, Any]:
    """The chart's values."""
    repository, release = _split(args.image)
    pod = {"resources": hardening.resources(cpu=args.cpu, memory=args.memory)}
    return {
        "image": {"repository": repository, "release": release, "pullPolicy": "IfNotPresent"},
        "replicas": args.replicas,
        "pdb": {"controllerManager": {"minAvailable": args.replicas - 1}},
        "controllerManager": pod,
        "audit": pod,
        # Go gives memory back before the kernel takes the pod; until then it collects half as often as it would,
        # which every eleventh review had to wait for.
        "extraEnvs": [
            {"name": "GOMEMLIMIT", "value": f"{args.memory * 8 // 10}MiB"},
            {"name": "GOGC", "value": "200"},
        ],
        "auditInterval": args.audit_seconds,
        "auditMatchKindOnly": True,
        "logDenies": True,
        "validatingWebhookFailurePolicy": "Fail",
        "validatingWebhookTimeoutSeconds": 3,
        "validatingWebhookCustomRules": rules(),
        "validatingWebhookMatchConditions": [{"name": "app-namespaces", "expression": only(args.judged)}],
        "validatingWebhookExemptNamespacesLabels": {"kubernetes.io/metadata.name": list(NEVER)},
        # It would be called for every namespace there is; the guard holds without it.
        "validatingWebhookCheckIgnoreFailurePolicy": "Ignore",
        # Policies are Rego and change nothing: what nobody uses takes memory and can fail.
        "disableMutation": True,
        "enableExternalData": False,
        "enableGeneratorResourceExpansion": False,
        "enableK8sNativeValidation": False,
        # Jobs around the release, each of an image of its own: namespace and order are ours already.
        "postInstall": {"labelNamespace": {"enabled": False}, "probeWebhook": {"enabled": False}},
        "upgradeCRDs": {"enabled": False},
    }


def rules() -> list[dict[str, Any]]:
    """What the webhook is called for: the kinds that policies are about, and none of those controllers live by."""
    made = []
    for group, names in policies.kinds(policies.load()).items():
        inside = [_resource(kind) for kind in names if kind not in CLUSTER_WIDE]
        inside += WITH_PODS if "pods" in inside else ()
        for scope, resources in (("Namespaced", inside), ("Cluster", ["namespaces"] if "Namespace" in names else [])):
            if resources:
                rule = {"apiGroups": [group], "apiVersions": ["*"], "operations": ["CREATE", "UPDATE"]}
                made.append({**rule, "resources": resources, "scope": scope})
    return made


def _resource(kind: str) -> str:
    """The plural of a kind as the API has it: English, so some have more than an s."""
    name = kind.lower()
    if re.search(r"[^aeiou]y$", name):
        return f"{name[:-1]}ies"
    return f"{name}es" if re.search(r"(s|x|z|ch|sh)$", name) else f"{name}s"


def only(judged: Sequence[str]) -> str:
    """CEL: the request is about one of these namespaces, or about something in it."""
    names = json.dumps(list(judged))
    inside = f"has(request.namespace) && request.namespace in {names}"
    itself = f"request.kind.kind == 'Namespace' && has(request.name) && request.name in {names}"
    return f"({inside}) || ({itself})"


def _split(reference: str) -> tuple[str, str]:
    """Repository, and what the chart puts behind its colon."""
    folder, slash, last = reference.rpartition("/")
    name, _, release = last.partition(":")
    return f"{folder}{slash}{name}", release


def _source(chart: str) -> dict[str, Any]:
    if chart:
        return {"chart": chart}
    return {"chart": "gatekeeper", "version": VERSION, "repository_opts": {"repo": PUBLISHED}}
