"""The Job that makes the gateway's certificate inside the cluster, so that no key passes through a program or Git."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from infra.components import hardening, setup_job
from infra.components.setup_job import Grant, SetupJob
from infra.graph.model import Profile

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
        wanted = SetupJob(
            namespace=args.namespace,
            component="certificate",
            image=args.image,
            reason="writes two Secrets through the API; its Role names them",
            grants=[Grant(namespace=args.namespace, secrets=[CERTIFICATE, AUTHORITY])],
            profile=args.profile,
            env={
                "CERTIFICATE_HOSTS": ",".join(args.hosts),
                "CERTIFICATE_NAMESPACE": args.namespace,
                "CERTIFICATE_SECRET": CERTIFICATE,
                "AUTHORITY_SECRET": AUTHORITY,
            },
            mounts={"/tmp": hardening.scratch("tmp", size="4Mi")},  # noqa: S108 - the container's own
        )
        job = setup_job.create(name, wanted, parent=self)
        # Known once the Job is done.
        self.secret = job.metadata["name"].apply(lambda _: CERTIFICATE)
        self.register_outputs({"secret": self.secret})
