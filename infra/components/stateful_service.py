"""One pod with a volume behind a Service: the shape of PostgreSQL and Redis, hardened once."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pulumi
from pulumi_kubernetes.apps.v1 import StatefulSet
from pulumi_kubernetes.core.v1 import (
    ConfigMap,
    ContainerArgsDict,
    LifecycleArgsDict,
    PodTemplateSpecArgsDict,
    ProbeArgsDict,
    ResourceRequirementsArgsDict,
    Service,
    ServiceAccount,
    VolumeArgsDict,
    VolumeMountArgsDict,
)
from pulumi_kubernetes.networking.v1 import NetworkPolicy, NetworkPolicyEgressRuleArgsDict

from infra.components import hardening, timeouts
from infra.components.labels import CHECKSUM, REASON_NO_BUDGET, labels, selector
from infra.components.mesh_access import INJECTED, MeshAccess, MeshAccessArgs
from infra.components.priorities import DATA
from infra.components.traffic import Peer, egress, ingress

# A force-deleted pod may still write while its successor starts, and PostgreSQL cannot see it: both are process 1
# of their own container. The lock is the kernel's, on the volume, and is held until the last process has ended.
ONE_WRITER = (
    'exec 9>>"$1"; shift; flock --wait 120 9'
    ' || { echo "the volume is still in use by another pod" >&2; exit 1; }; exec "$@"'
)
ONE_POD = "one replica: a budget could only block the drain of its node; the volume keeps the data"


@dataclass(frozen=True, kw_only=True)
class Probes:
    """All three, so that a slow first start is no failed liveness."""

    startup: ProbeArgsDict
    readiness: ProbeArgsDict
    liveness: ProbeArgsDict


@dataclass(frozen=True, kw_only=True)
class Placement:
    """What the stateful services of one stack share: where they are, who may call them, what keeps their data."""

    namespace: str
    storage_class: pulumi.Input[str | None]
    clients: Sequence[Peer]
    protect: bool
    meshed: bool = False

    def for_clients(self, clients: Sequence[Peer]) -> "Placement":
        """The same place for other callers."""
        return replace(self, clients=clients)


@dataclass(frozen=True, kw_only=True)
class StatefulServiceArgs:
    """`secret` is mounted under `secret_path`, `files` under `files_path`; `scratch` is path → size, in memory."""

    placement: Placement
    component: str
    image: str
    uid: int
    port: int
    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    files_path: str = "/etc/slipway"
    secret: str
    secret_path: str
    volume_size: pulumi.Input[str]
    volume_path: str
    scratch: Mapping[str, str]
    resources: ResourceRequirementsArgsDict
    probes: Probes
    lifecycle: LifecycleArgsDict
    grace_seconds: int


class StatefulService(pulumi.ComponentResource):
    """ServiceAccount, ConfigMap, NetworkPolicy, Service and StatefulSet of the same name."""

    host: pulumi.Output[str]
    port: pulumi.Output[int]

    def __init__(self, name: str, args: StatefulServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:data:StatefulService", name, None, opts)
        of_workload = labels(name=name, component=args.component)
        around = self._around(name, args)
        service = Service(
            name,
            metadata={
                "name": name,
                "namespace": args.placement.namespace,
                "labels": of_workload,
                "annotations": timeouts.never_waits(),
            },
            spec={
                "selector": selector(name=name),
                "ports": [
                    {"name": f"tcp-{name}", "port": args.port, "target_port": "service", "protocol": "TCP"},
                ],
            },
            opts=pulumi.ResourceOptions(parent=self),
        )
        StatefulSet(
            name,
            metadata={
                "name": name,
                "namespace": args.placement.namespace,
                "labels": of_workload,
                "annotations": {**timeouts.waits("StatefulSet"), REASON_NO_BUDGET: ONE_POD},
            },
            spec={
                "replicas": 1,
                "service_name": name,
                "revision_history_limit": 3,
                "selector": {"match_labels": selector(name=name)},
                "update_strategy": {"type": "RollingUpdate"},
                "persistent_volume_claim_retention_policy": {"when_deleted": "Retain", "when_scaled": "Retain"},
                "template": _pod(name, args),
                "volume_claim_templates": [
                    {
                        "metadata": {"name": "data", "labels": selector(name=name)},
                        "spec": {
                            "access_modes": ["ReadWriteOnce"],
                            "storage_class_name": args.placement.storage_class,
                            "resources": {"requests": {"storage": args.volume_size}},
                        },
                    }
                ],
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*around, service], protect=args.placement.protect),
        )
        self.host = pulumi.Output.format("{0}.{1}.svc", service.metadata["name"], service.metadata["namespace"])
        self.port = pulumi.Output.from_input(args.port)
        self.register_outputs({"host": self.host, "port": self.port})

    def _around(self, name: str, args: StatefulServiceArgs) -> list[pulumi.Resource]:
        """What the pod needs before it can start: its account, its files, its right to be called."""
        child = pulumi.ResourceOptions(parent=self)
        of_workload = labels(name=name, component=args.component)
        sidecar: list[NetworkPolicyEgressRuleArgsDict] = []
        if args.placement.meshed:
            sidecar = egress(name, profile="full")
        made: list[pulumi.Resource] = [
            ServiceAccount(
                name,
                metadata={"name": name, "namespace": args.placement.namespace, "labels": of_workload},
                automount_service_account_token=False,
                opts=child,
            ),
            NetworkPolicy(
                name,
                metadata={"name": name, "namespace": args.placement.namespace, "labels": of_workload},
                spec={
                    "pod_selector": {"match_labels": selector(name=name)},
                    "policy_types": ["Ingress", "Egress"],
                    "ingress": [ingress(args.placement.clients, port=args.port)],
                    # Its sidecar alone calls anybody.
                    "egress": sidecar,
                },
                opts=child,
            ),
        ]
        if args.placement.meshed:
            made.append(MeshAccess(name, MeshAccessArgs(workload=name), child))
        if args.files:
            made.append(
                ConfigMap(
                    name,
                    metadata={"name": name, "namespace": args.placement.namespace, "labels": of_workload},
                    data=args.files,
                    opts=child,
                )
            )
        return made


def _pod(name: str, args: StatefulServiceArgs) -> PodTemplateSpecArgsDict:
    # Read once at start: pods must roll when a file changes.
    checksum = hashlib.sha256(json.dumps(dict(args.files), sort_keys=True).encode()).hexdigest()
    return {
        "metadata": {
            "labels": {**labels(name=name, component=args.component), **(INJECTED if args.placement.meshed else {})},
            "annotations": {CHECKSUM: checksum},
        },
        "spec": {
            "service_account_name": name,
            "automount_service_account_token": False,
            "enable_service_links": False,
            "priority_class_name": DATA,
            "termination_grace_period_seconds": args.grace_seconds,
            "security_context": hardening.pod_security(uid=args.uid),
            "topology_spread_constraints": hardening.spread(selector(name=name)),
            "containers": [_container(name, args)],
            "volumes": [
                {"name": "secret", "secret": {"secret_name": args.secret, "default_mode": 0o440}},
                *([_files(name)] if args.files else []),
                *[hardening.scratch(_volume(path), size=size) for path, size in args.scratch.items()],
            ],
        },
    }


def _container(name: str, args: StatefulServiceArgs) -> ContainerArgsDict:
    return {
        "name": name,
        "image": args.image,
        "image_pull_policy": "IfNotPresent",
        "command": ["sh", "-c", ONE_WRITER, "one-writer", f"{args.volume_path}/.in-use"],
        "args": list(args.command),
        "env": [{"name": key, "value": value} for key, value in args.env.items()],
        "ports": [{"name": "service", "container_port": args.port, "protocol": "TCP"}],
        "resources": args.resources,
        "security_context": hardening.container_security(),
        "startup_probe": args.probes.startup,
        "readiness_probe": args.probes.readiness,
        "liveness_probe": args.probes.liveness,
        "lifecycle": args.lifecycle,
        "volume_mounts": [
            {"name": "data", "mount_path": args.volume_path},
            {"name": "secret", "mount_path": args.secret_path, "read_only": True},
            *([_files_mount(args.files_path)] if args.files else []),
            *[hardening.mount(_volume(path), path) for path in args.scratch],
        ],
    }


def _volume(path: str) -> str:
    return path.strip("/").replace("/", "-")


def _files(name: str) -> VolumeArgsDict:
    return {"name": "files", "config_map": {"name": name, "default_mode": 0o444}}


def _files_mount(path: str) -> VolumeMountArgsDict:
    return {"name": "files", "mount_path": path, "read_only": True}
