"""The Job that makes every password inside the cluster, once, so that none passes through a program."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from infra.components import setup_job
from infra.components.setup_job import Grant, SetupJob
from infra.graph.model import Profile

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
        listed = [
            {"namespace": namespace, "name": secret, "keys": keys}
            for namespace, secrets in args.spec.items()
            for secret, keys in secrets.items()
        ]
        wanted = SetupJob(
            namespace=args.namespace,
            component="secrets",
            image=args.image,
            reason="creates Secrets through the API; its Role names which",
            grants=[Grant(namespace=namespace, secrets=list(secrets)) for namespace, secrets in args.spec.items()],
            profile=args.profile,
            env={"SECRETS_SPEC": json.dumps(listed, separators=(",", ":"))},
        )
        self.job = setup_job.create(name, wanted, parent=self).metadata["name"]
        self.register_outputs({"job": self.job})
