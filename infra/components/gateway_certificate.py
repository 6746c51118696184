"""The Job that makes the gateway's certificate inside the cluster, so that no key passes through a program or Git."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.batch.v1 import Job
from pulumi_kubernetes.core.v1 import ServiceAccount
from pulumi_kubernetes.meta.v1 import ObjectMetaArgsDict
from pulumi_kubernetes.networking.v1 import NetworkPolicy
from pulumi_kubernetes.rbac.v1 import Role, RoleBinding

from infra.components import hardening, timeouts
from infra.components.labels import REASON_API_TOKEN, labels, selector
from infra.components.traffic import egress
from infra.graph.model import Profile

UID = 65532  # of the image
CERTIFICATE, AUTHORITY = "gateway-tls", "gateway-authority"


@dataclass(frozen=True, kw_only=True)
class GatewayCertificateArgs:
    """`hosts` are names and addresses the certificate is for."""

    namespace: str
    image: str
    hosts: Sequence[str]
    profile: Profile


class GatewayCertificate(pulumi.ComponentResource):
    """Whoever needs the Secret depends on this component."""

    secret: pulumi.Output[str]

    def __init__(self, name: str, args: GatewayCertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:platform:GatewayCertificate", name, None, opts)
        of_workload = labels(name=name, component="certificate")
        metadata: ObjectMetaArgsDict = {"name": name, "namespace": args.namespace, "labels": of_workload}
        child = pulumi.ResourceOptions(parent=self)
        account = ServiceAccount(name, metadata=metadata, automount_service_account_token=False, opts=child)
        policy = NetworkPolicy(
            name,
            metadata=metadata,
            spec={
                "pod_selector": {"match_labels": selector(name=name)},
                "policy_types": ["Ingress", "Egress"],
                "egress": egress("gateway-certificate", profile=args.profile),
            },
            opts=child,
        )
        role = Role(
            name,
            metadata=metadata,
            rules=[
                {"api_groups": [""], "resources": ["secrets"], "verbs": ["create"]},
                {
                    "api_groups": [""],
                    "resources": ["secrets"],
                    "resource_names": [CERTIFICATE, AUTHORITY],
                    "verbs": ["get", "patch"],
                },
            ],
            opts=child,
        )
        binding = RoleBinding(
            name,
            metadata=metadata,
            role_ref={"api_group": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
            subjects=[{"kind": "ServiceAccount", "name": name, "namespace": args.namespace}],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[role]),
        )
        job = self._job(name, args, after=[account, policy, binding])
        # Known once the Job is done.
        self.secret = job.metadata["name"].apply(lambda _: CERTIFICATE)
        self.register_outputs({"secret": self.secret})

    def _job(self, name: str, args: GatewayCertificateArgs, *, after: list[pulumi.Resource]) -> Job:
        hosts = ",".join(args.hosts)
        # A Job's template cannot change: another image or other hosts are another Job.
        digest = hashlib.sha256(f"{args.image}\n{hosts}".encode()).hexdigest()[:10]
        given = {
            "CERTIFICATE_HOSTS": hosts,
            "CERTIFICATE_NAMESPACE": args.namespace,
            "CERTIFICATE_SECRET": CERTIFICATE,
            "AUTHORITY_SECRET": AUTHORITY,
        }
        of_workload = labels(name=name, component="certificate")
        return Job(
            name,
            metadata={
                "name": f"{name}-{digest}",
                "namespace": args.namespace,
                "labels": of_workload,
                "annotations": {
                    **timeouts.waits("Job"),
                    REASON_API_TOKEN: "writes two Secrets through the API; its Role names them",
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
                        "security_context": hardening.pod_security(uid=UID),
                        "volumes": [hardening.scratch("tmp", size="4Mi")],
                        "containers": [
                            {
                                "name": name,
                                "image": args.image,
                                "image_pull_policy": "IfNotPresent",
                                "env": [{"name": key, "value": value} for key, value in given.items()],
                                "resources": hardening.resources(cpu="50m", memory=64),
                                "security_context": hardening.container_security(),
                                "volume_mounts": [hardening.mount("tmp", "/tmp")],  # noqa: S108 - the container's own
                            }
                        ],
                    },
                },
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=after),
        )
