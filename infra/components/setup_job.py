"""A Job that sets something up through the API: an account and rights of its own, its part of the network, its pod."""

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

UID = 65532  # of each of these images


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What of one namespace a Job may make and look after by name (a create has no name to check), or only read."""

    namespace: str
    secrets: Sequence[str] = ()
    config_maps: Sequence[str] = ()
    reads: Sequence[str] = ()

    def rules(self) -> Any:  # noqa: ANN401 - what the SDK takes; mypy needs 20 GB to say that a plain dict differs
        """RBAC."""
        found: list[dict[str, Any]] = []
        for resource, names in (("secrets", self.secrets), ("configmaps", self.config_maps)):
            if names:
                found.append({"api_groups": [""], "resources": [resource], "verbs": ["create"]})
                found.append(_named(resource, names, "get", "patch"))
        return [*found, _named("secrets", self.reads, "get")] if self.reads else found


def _named(resource: str, names: Sequence[str], *verbs: str) -> dict[str, Any]:
    return {"api_groups": [""], "resources": [resource], "resource_names": [*names], "verbs": [*verbs]}


@dataclass(frozen=True, kw_only=True)
class SetupJob:
    """`component` is its label, `reason` why it has a token of the API; `memory` in MiB.

    `mounts` are folder → volume; one without `empty_dir` is read only.
    """

    namespace: str
    component: str
    image: str
    reason: str
    grants: Sequence[Grant]
    profile: Profile
    memory: int = 64
    arguments: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    mounts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def create(name: str, job: SetupJob, *, parent: pulumi.Resource) -> Job:
    """All of it below `parent`. A Job's template cannot change: one with another pod is another Job."""
    child = pulumi.ResourceOptions(parent=parent)
    metadata = _metadata(name, job.namespace, job.component)
    account = ServiceAccount(name, metadata=metadata, automount_service_account_token=False, opts=child)
    policy = NetworkPolicy(
        name,
        metadata=metadata,
        spec={
            "pod_selector": {"match_labels": selector(name=name)},
            "policy_types": ["Ingress", "Egress"],
            "egress": egress(name, profile=job.profile),
        },
        opts=child,
    )
    bindings = [_bind(name, job, grant, parent) for grant in job.grants]
    pod = _pod(name, job)
    return Job(
        name,
        metadata={
            "name": f"{name}-{digest(pod)}",
            "namespace": job.namespace,
            "labels": labels(name=name, component=job.component),
            "annotations": {**timeouts.waits("Job"), REASON_API_TOKEN: job.reason},
        },
        spec={
            "backoff_limit": 4,
            "active_deadline_seconds": timeouts.SECONDS["Job"],
            "template": {"metadata": {"labels": labels(name=name, component=job.component)}, "spec": pod},
        },
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[account, policy, *bindings]),
    )


def digest(pod: Mapping[str, Any]) -> str:
    """Of all that makes it another Job."""
    return hashlib.sha256(json.dumps(pod, sort_keys=True).encode()).hexdigest()[:10]


def _metadata(name: str, namespace: str, component: str) -> Any:  # noqa: ANN401 - as above
    return {"name": name, "namespace": namespace, "labels": labels(name=name, component=component)}


def _bind(name: str, job: SetupJob, grant: Grant, parent: pulumi.Resource) -> RoleBinding:
    metadata = _metadata(name, grant.namespace, job.component)
    child = pulumi.ResourceOptions(parent=parent)
    role = Role(f"{name}-{grant.namespace}", metadata=metadata, rules=grant.rules(), opts=child)
    return RoleBinding(
        f"{name}-{grant.namespace}",
        metadata=metadata,
        role_ref={"api_group": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
        subjects=[{"kind": "ServiceAccount", "name": name, "namespace": job.namespace}],
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[role]),
    )


def _pod(name: str, job: SetupJob) -> Any:  # noqa: ANN401 - as above
    mounts = [
        {"name": volume["name"], "mount_path": path, **({} if "empty_dir" in volume else {"read_only": True})}
        for path, volume in job.mounts.items()
    ]
    container = {
        "name": name,
        "image": job.image,
        "image_pull_policy": "IfNotPresent",
        "env": [{"name": key, "value": value} for key, value in job.env.items()],
        "resources": hardening.resources(cpu="50m", memory=job.memory),
        "security_context": hardening.container_security(),
        **({"args": [*job.arguments]} if job.arguments else {}),
        **({"volume_mounts": mounts} if mounts else {}),
    }
    return {
        "restart_policy": "Never",
        "service_account_name": name,
        "automount_service_account_token": True,
        "enable_service_links": False,
        "priority_class_name": BATCH,
        "security_context": hardening.pod_security(uid=UID),
        "containers": [container],
        **({"volumes": [*job.mounts.values()]} if mounts else {}),
    }
