"""Vault: raft, TLS, two audit devices, unsealed by a key service; then the Jobs that make it what the graph says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi_kubernetes.apps.v1 import StatefulSet
from pulumi_kubernetes.core.v1 import ConfigMap, Service, ServiceAccount
from pulumi_kubernetes.networking.v1 import NetworkPolicy
from pulumi_kubernetes.policy.v1 import PodDisruptionBudget
from pulumi_kubernetes.rbac.v1 import ClusterRoleBinding

from infra.components import timeouts
from infra.components.app_namespace import AppNamespace, AppNamespaceArgs
from infra.components.labels import REASON_API_TOKEN, labels, selector
from infra.components.local_volumes import LocalVolumes, LocalVolumesArgs, Volume
from infra.components.traffic import callers, egress, ingress
from infra.components.vault_config import CLUSTER_PORT, PEERS, PORT, Seal, checksum, files
from infra.components.vault_jobs import VaultJob, VaultJobArgs
from infra.components.vault_pod import PodArgs, template
from infra.graph.model import Profile

NAME = "vault"
# Who signs in without a pod: an administrator's command asks for a token of one of these.
OPERATORS = ("vault-snapshot", "vault-restore", "vault-doctor")


@dataclass(frozen=True, kw_only=True)
class VaultArgs:
    """`volume_root` empty: `storage_class` makes the volumes; memory in MiB."""

    namespace: str
    bounds: AppNamespaceArgs
    image: str
    replicas: int
    memory: int
    cpu: str
    volume_root: str
    storage_class: str
    data_size: str
    audit_size: str
    seal: Seal
    account_annotations: Mapping[str, str] = field(default_factory=dict)
    certificates: VaultJobArgs
    profile: Profile


class Vault(pulumi.ComponentResource):
    """Namespace, volumes, accounts, Services, budget, certificate; then the pods."""

    namespace: pulumi.Output[str]

    def __init__(self, name: str, args: VaultArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:platform:Vault", name, None, opts)
        self._name, self._args = name, args
        child = pulumi.ResourceOptions(parent=self)
        self._volumes = self._local_volumes()
        # A volume is not gone before its claim is, and claims go with their namespace: so the namespace goes first.
        after = [self._volumes] if self._volumes else []
        self._place = AppNamespace(
            args.namespace, args.bounds, pulumi.ResourceOptions(parent=self, depends_on=[*after])
        )
        self._inside = pulumi.ResourceOptions(parent=self, depends_on=[self._place])
        made = VaultJob(f"{name}-certificates", args.certificates, self._inside)
        self._pods(after=[*self._accounts(child), *self._network(), made])
        self.namespace = self._place.name
        self.register_outputs({"namespace": self.namespace})

    def _pods(self, *, after: list[pulumi.Resource]) -> None:
        args, of_workload = self._args, labels(name=NAME, component="server")
        content = files(namespace=args.namespace, replicas=args.replicas, seal=args.seal)
        config = ConfigMap(self._name, metadata=self._metadata(NAME), data=content, opts=self._inside)
        pod = PodArgs(
            image=args.image,
            memory=args.memory,
            cpu=args.cpu,
            namespace=args.namespace,
            seal=args.seal,
            checksum=checksum(content),
            meshed=args.profile == "full",
        )
        storage_class = self._volumes.storage_class if self._volumes else args.storage_class or None
        StatefulSet(
            self._name,
            metadata=self._metadata(
                NAME,
                {
                    **timeouts.waits("StatefulSet"),
                    REASON_API_TOKEN: "asks the API server whose token it was shown",
                },
            ),
            spec={
                "replicas": args.replicas,
                "service_name": PEERS,
                # One that waits for the others would wait for ever: it is ready once one of them is initialised.
                "pod_management_policy": "Parallel",
                "revision_history_limit": 3,
                "selector": {"match_labels": selector(name=NAME)},
                "update_strategy": {"type": "RollingUpdate"},
                "persistent_volume_claim_retention_policy": {"when_deleted": "Retain", "when_scaled": "Retain"},
                "template": {"metadata": pod.metadata(of_workload), "spec": template(pod)},
                "volume_claim_templates": [
                    {
                        "metadata": {"name": claim, "labels": selector(name=NAME)},
                        "spec": {
                            "access_modes": ["ReadWriteOnce"],
                            "storage_class_name": storage_class,
                            "resources": {"requests": {"storage": size}},
                        },
                    }
                    for claim, size in self._claims().items()
                ],
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*after, config], protect=args.bounds.protect),
        )

    def _claims(self) -> dict[str, str]:
        """What it audits lies apart: a full audit volume stops no write of raft."""
        return {"data": self._args.data_size, "audit": self._args.audit_size}

    def _local_volumes(self) -> LocalVolumes | None:
        if not self._args.volume_root:
            return None
        wanted = [
            Volume(
                name=f"vault-{claim}-{number}",
                size=size,
                claim_namespace=self._args.namespace,
                claim_name=f"{claim}-{NAME}-{number}",
            )
            for number in range(self._args.replicas)
            for claim, size in self._claims().items()
        ]
        local = LocalVolumesArgs(root=self._args.volume_root, volumes=wanted, protect=self._args.bounds.protect)
        return LocalVolumes("slipway-vault", local, pulumi.ResourceOptions(parent=self))

    def _accounts(self, child: pulumi.ResourceOptions) -> list[pulumi.Resource]:
        accounts: list[pulumi.Resource] = [
            ServiceAccount(
                f"{self._name}-{each}",
                metadata=self._metadata(each, self._args.account_annotations if each == NAME else None),
                automount_service_account_token=False,
                opts=self._inside,
            )
            for each in (NAME, *OPERATORS)
        ]
        review = ClusterRoleBinding(
            f"{self._name}-reviewer",
            metadata={"name": "slipway-vault-reviewer", "labels": labels(name=NAME, component="server")},
            role_ref={"api_group": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:auth-delegator"},
            subjects=[{"kind": "ServiceAccount", "name": NAME, "namespace": self._args.namespace}],
            opts=child,
        )
        return [*accounts, review]

    def _network(self) -> list[pulumi.Resource]:
        """The Services: one for callers, one with a name for each pod; who may call; how many may be away."""
        own = selector(name=NAME)
        profile = self._args.profile
        rules = [
            ingress(callers("vault", profile=profile, port="api"), port=PORT),
            ingress(callers("vault", profile=profile, port="cluster"), port=CLUSTER_PORT),
        ]
        return [
            NetworkPolicy(
                self._name,
                metadata=self._metadata(NAME),
                spec={
                    "pod_selector": {"match_labels": own},
                    "policy_types": ["Ingress", "Egress"],
                    "ingress": rules,
                    "egress": egress("vault", profile=profile),
                },
                opts=self._inside,
            ),
            PodDisruptionBudget(
                self._name,
                metadata=self._metadata(NAME),
                spec={"max_unavailable": 1, "selector": {"match_labels": own}},
                opts=self._inside,
            ),
            Service(
                self._name,
                metadata=self._metadata(NAME, timeouts.never_waits()),
                spec={
                    "selector": own,
                    "ports": [{"name": "https-api", "port": PORT, "target_port": "api", "protocol": "TCP"}],
                },
                opts=self._inside,
            ),
            Service(
                PEERS,
                metadata=self._metadata(PEERS, timeouts.never_waits()),
                spec={
                    "selector": own,
                    "cluster_ip": "None",
                    # They must find one another before they are ready.
                    "publish_not_ready_addresses": True,
                    "ports": [
                        {"name": "https-api", "port": PORT, "target_port": "api", "protocol": "TCP"},
                        {"name": "tcp-cluster", "port": CLUSTER_PORT, "target_port": "cluster", "protocol": "TCP"},
                    ],
                },
                opts=self._inside,
            ),
        ]

    def _metadata(self, name: str, annotations: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401 - what the SDK takes; mypy needs 20 GB to say that a plain dict differs
        told = {"name": name, "namespace": self._args.namespace, "labels": labels(name=NAME, component="server")}
        return {**told, **({"annotations": dict(annotations)} if annotations else {})}
