"""The Jobs of infra/vault: each with an account and rights of its own, and a token that is for Vault alone."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

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
AUTHORITY, TLS, RECOVERY, USERS, ISSUER = "vault-ca", "vault-tls", "vault-recovery", "vault-users", "vault-issuer"
TOKEN_SECONDS = 600


@dataclass(frozen=True, kw_only=True)
class May:
    """What of one namespace a Job may read and write: objects by name; a create has no name to check."""

    namespace: str
    secrets: Sequence[str] = ()
    config_maps: Sequence[str] = ()
    reads: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class VaultJobArgs:
    """`command` and `spec` as infra/vault/__main__.py has them; `secret` is mounted below /run/secrets."""

    namespace: str
    command: str
    image: str
    spec: Mapping[str, Any]
    may: Sequence[May]
    reason: str
    env: Mapping[str, str] = field(default_factory=dict)
    secret: str = ""
    profile: Profile


class VaultJob(pulumi.ComponentResource):
    """Account, rights, network policy, Job. A Job's template cannot change: another image or spec is another Job."""

    job: pulumi.Output[str]

    def __init__(self, name: str, args: VaultJobArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:platform:VaultJob", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        metadata = _metadata(name, args.namespace)
        account = ServiceAccount(name, metadata=metadata, automount_service_account_token=False, opts=child)
        policy = NetworkPolicy(
            name,
            metadata=metadata,
            spec={
                "pod_selector": {"match_labels": selector(name=name)},
                "policy_types": ["Ingress", "Egress"],
                "egress": egress(name, profile=args.profile),
            },
            opts=child,
        )
        bindings = [self._bind(name, args, each) for each in args.may]
        job = Job(
            name,
            metadata={
                "name": f"{name}-{digest(args)}",
                "namespace": args.namespace,
                "labels": labels(name=name, component="setup"),
                "annotations": {**timeouts.waits("Job"), REASON_API_TOKEN: args.reason},
            },
            spec={
                "backoff_limit": 4,
                "active_deadline_seconds": timeouts.SECONDS["Job"],
                "template": {"metadata": {"labels": labels(name=name, component="setup")}, "spec": _pod(name, args)},
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[account, policy, *bindings]),
        )
        self.job = job.metadata["name"]
        self.register_outputs({"job": self.job})

    def _bind(self, name: str, args: VaultJobArgs, may: May) -> RoleBinding:
        metadata = _metadata(name, may.namespace)
        role = Role(
            f"{name}-{may.namespace}", metadata=metadata, rules=rules(may), opts=pulumi.ResourceOptions(parent=self)
        )
        return RoleBinding(
            f"{name}-{may.namespace}",
            metadata=metadata,
            role_ref={"api_group": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
            subjects=[{"kind": "ServiceAccount", "name": name, "namespace": args.namespace}],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[role]),
        )


def _metadata(name: str, namespace: str) -> Any:  # noqa: ANN401 - what the SDK takes; a plain dict is none of its types
    return {"name": name, "namespace": namespace, "labels": labels(name=name, component="setup")}


def rules(may: May) -> Any:  # noqa: ANN401 - as above
    """RBAC of one namespace."""
    found: list[dict[str, Any]] = []
    for resource, names in (("secrets", may.secrets), ("configmaps", may.config_maps)):
        if names:
            found.append({"api_groups": [""], "resources": [resource], "verbs": ["create"]})
            found.append(
                {"api_groups": [""], "resources": [resource], "resource_names": [*names], "verbs": ["get", "patch"]}
            )
    if may.reads:
        reading = {"api_groups": [""], "resources": ["secrets"], "resource_names": [*may.reads], "verbs": ["get"]}
        found.append(reading)
    return found


def digest(args: VaultJobArgs) -> str:
    """Of all that makes it another Job."""
    told = [args.image, args.command, dict(args.spec), dict(args.env), args.secret]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:10]


def _pod(name: str, args: VaultJobArgs) -> Any:  # noqa: ANN401 - as above; mypy needs 20 GB to say that it differs
    given = {**args.env, "VAULT_SPEC": json.dumps(dict(args.spec), sort_keys=True)}
    volumes: list[dict[str, Any]] = []
    if "VAULT_ADDR" in args.env:
        given["VAULT_CACERT"] = f"/run/{AUTHORITY}/ca.crt"
        token = {"audience": "vault", "expiration_seconds": TOKEN_SECONDS, "path": "token"}
        volumes.append({"name": "vault-token", "projected": {"sources": [{"service_account_token": token}]}})
        volumes.append({"name": AUTHORITY, "config_map": {"name": AUTHORITY, "default_mode": 0o444}})
    mounts = [{"name": each["name"], "mount_path": f"/run/{each['name']}", "read_only": True} for each in volumes]
    if args.secret:
        volumes.append({"name": "secret", "secret": {"secret_name": args.secret, "default_mode": 0o440}})
        mounts.append({"name": "secret", "mount_path": f"/run/secrets/{args.secret}", "read_only": True})
    return {
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
                "args": [args.command],
                "env": [{"name": key, "value": value} for key, value in given.items()],
                "resources": hardening.resources(cpu="50m", memory=128),
                "security_context": hardening.container_security(),
                "volume_mounts": mounts,
            }
        ],
        "volumes": volumes,
    }
