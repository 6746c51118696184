"""The Job that makes every password inside the cluster, once, so that none passes through a program."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.batch.v1 import Job
from pulumi_kubernetes.core.v1 import ServiceAccount
from pulumi_kubernetes.networking.v1 import NetworkPolicy
from pulumi_kubernetes.rbac.v1 import Role, RoleBinding

from infra.components import hardening, timeouts
from infra.components.labels import REASON_API_TOKEN, labels, selector
from infra.components.priorities import BATCH
from infra.components.traffic import egress
from infra.graph.model import Profile

UID = 65532  # of the image
# namespace → Secret → key → how it comes to be: {"length": n} or {"copyFrom": "namespace/name/key"}
Spec = Mapping[str, Mapping[str, Mapping[str, Mapping[str, int | str]]]]


def spec_of_mini(*, app_namespace: str, data_namespace: str, demo_user: bool) -> Spec:
    """Which Secrets there are; both ends of a connection share one password by copying it."""
    return {
        data_namespace: {
            "postgresql": {"password": {"length": 32}},
            "redis": {"password": {"length": 32}},
        },
        app_namespace: {
            "todo-app": {
                "django-secret-key": {"length": 64},
                "database-password": {"copyFrom": f"{data_namespace}/postgresql/password"},
                "redis-password": {"copyFrom": f"{data_namespace}/redis/password"},
                "admin-password": {"length": 20},
                **({"demo-password": {"length": 20}} if demo_user else {}),
            },
        },
    }


@dataclass(frozen=True, kw_only=True)
class SecretsInitArgs:
    """`namespace` is where the Job runs; `spec` names what it may touch, and nothing else."""

    namespace: str
    image: str
    spec: Spec
    profile: Profile


class SecretsInit(pulumi.ComponentResource):
    """Creates what is missing and overwrites nothing; whoever needs a Secret depends on this component."""

    job: pulumi.Output[str]

    def __init__(self, name: str, args: SecretsInitArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:data:SecretsInit", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        of_workload = labels(name=name, component="secrets")
        account = ServiceAccount(
            name,
            metadata={"name": name, "namespace": args.namespace, "labels": of_workload},
            automount_service_account_token=False,
            opts=child,
        )
        policy = NetworkPolicy(
            name,
            metadata={"name": name, "namespace": args.namespace, "labels": of_workload},
            spec={
                "pod_selector": {"match_labels": selector(name=name)},
                "policy_types": ["Ingress", "Egress"],
                "egress": egress("secrets-init", profile=args.profile),
            },
            opts=child,
        )
        bindings = [self._may_write(name, args, namespace, list(secrets)) for namespace, secrets in args.spec.items()]
        self.job = self._run(name, args, after=[account, policy, *bindings]).metadata["name"]
        self.register_outputs({"job": self.job})

    def _may_write(self, name: str, args: SecretsInitArgs, namespace: str, secrets: list[str]) -> RoleBinding:
        """In `namespace`: create Secrets (a create has no name to check), read and complete the named ones."""
        metadata_labels = labels(name=name, component="secrets")
        role = Role(
            f"{name}-{namespace}",
            metadata={"name": name, "namespace": namespace, "labels": metadata_labels},
            rules=[
                {"api_groups": [""], "resources": ["secrets"], "verbs": ["create"]},
                {
                    "api_groups": [""],
                    "resources": ["secrets"],
                    "resource_names": secrets,
                    "verbs": ["get", "patch", "update"],
                },
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )
        return RoleBinding(
            f"{name}-{namespace}",
            metadata={"name": name, "namespace": namespace, "labels": metadata_labels},
            role_ref={"api_group": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
            subjects=[{"kind": "ServiceAccount", "name": name, "namespace": args.namespace}],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[role]),
        )

    def _run(self, name: str, args: SecretsInitArgs, *, after: list[pulumi.Resource]) -> Job:
        wanted = [
            {"namespace": namespace, "name": secret, "keys": keys}
            for namespace, secrets in args.spec.items()
            for secret, keys in secrets.items()
        ]
        text = json.dumps(wanted, separators=(",", ":"))
        # A Job's template cannot change: another image or list of Secrets is another Job.
        digest = hashlib.sha256(f"{args.image}\n{text}".encode()).hexdigest()[:10]
        of_workload = labels(name=name, component="secrets")
        return Job(
            name,
            metadata={
                "name": f"{name}-{digest}",
                "namespace": args.namespace,
                "labels": of_workload,
                "annotations": {
                    **timeouts.waits("Job"),
                    REASON_API_TOKEN: "creates Secrets through the API; its Role names which",
                },
            },
            spec={
                "backoff_limit": 4,
                "active_deadline_seconds": timeouts.SECONDS["Job"],
                "template": {
                    "metadata": {"labels": of_workload},
                    "spec": {
                        "restart_policy": "Never",
                        "service_account_name": name,
                        "automount_service_account_token": True,
                        "enable_service_links": False,
                        "priority_class_name": BATCH,
                        "security_context": hardening.pod_security(uid=UID),
                        "containers": [
                            {
                                "name": name,
                                "image": args.image,
                                "image_pull_policy": "IfNotPresent",
                                "env": [{"name": "SECRETS_SPEC", "value": text}],
                                "resources": hardening.resources(cpu="50m", memory=64),
                                "security_context": hardening.container_security(),
                            }
                        ],
                    },
                },
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=after),
        )
