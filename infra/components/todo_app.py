"""The app: the chart `charts/todo-app` as one Helm release."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import pulumi
from pulumi_kubernetes.helm.v3 import Release

from infra.components import hardening, timeouts
from infra.components.priorities import BATCH, SERVICE
from infra.components.todo_app_reach import Reach
from infra.components.todo_app_vault import Secrets
from infra.settings.base import Environment
from infra.settings.delivery import DeliverySettings

# Relative to the folder of a stack, where every engine runs its program.
CHART = "../../../charts/todo-app"
RELAY_CPU = "50m"


@dataclass(frozen=True, kw_only=True)
class Web:
    """Size and manners of the web pods; `memory` is the limit in MiB; `replicas_max` above `replicas` scales."""

    replicas: int
    replicas_max: int
    workers: int
    threads: int
    cpu: str
    memory: int
    drain: bool

    @classmethod
    def of(cls, settings: DeliverySettings) -> Self:
        """What the stack's settings say about the web pods."""
        return cls(
            replicas=settings.web_replicas,
            replicas_max=settings.web_replicas_max,
            workers=settings.web_workers,
            threads=settings.web_threads,
            cpu=settings.web_cpu,
            memory=settings.web_memory,
            drain=settings.web_drain,
        )


@dataclass(frozen=True, kw_only=True)
class Background:
    """What runs besides the web pods: the relay, and what the clock starts."""

    relay: bool
    relay_memory: int
    outbox_days: int
    violation_months: int
    audit_days: int
    due_schedule: str
    maintenance_schedule: str

    @classmethod
    def of(cls, settings: DeliverySettings) -> Self:
        """What the stack's settings say about it."""
        return cls(
            relay=settings.relay,
            relay_memory=settings.relay_memory,
            outbox_days=settings.outbox_days,
            violation_months=settings.violation_months,
            audit_days=settings.audit_days,
            due_schedule=settings.due_schedule,
            maintenance_schedule=settings.maintenance_schedule,
        )

    def values(self) -> dict[str, object]:
        """The chart's values."""
        return {
            "relay": {
                "enabled": self.relay,
                "priorityClassName": SERVICE,
                "resources": {
                    "requests": {"cpu": RELAY_CPU, "memory": f"{self.relay_memory // 2}Mi"},
                    "limits": {"cpu": hardening.cpu_limit(RELAY_CPU), "memory": f"{self.relay_memory}Mi"},
                },
            },
            "runDueTodos": {"schedule": self.due_schedule, "priorityClassName": BATCH},
            "maintenance": {
                "schedule": self.maintenance_schedule,
                "outboxDays": self.outbox_days,
                "violationMonths": self.violation_months,
                "auditDays": self.audit_days,
                "priorityClassName": BATCH,
            },
        }


@dataclass(frozen=True, kw_only=True)
class Backend:
    """Where the data stack put what the app needs; only names, no secret value."""

    database_host: pulumi.Input[str]
    database_port: pulumi.Input[int]
    database_name: pulumi.Input[str]
    database_user: pulumi.Input[str]
    redis_host: pulumi.Input[str]
    redis_port: pulumi.Input[int]
    secret: pulumi.Input[str]

    @classmethod
    def of(cls, data: pulumi.StackReference) -> Self:
        """What the data stack exports."""
        database, redis = data.require_output("database"), data.require_output("redis")
        return cls(
            database_host=database["host"],
            database_port=database["port"].apply(int),
            database_name=database["name"],
            database_user=database["user"],
            redis_host=redis["host"],
            redis_port=redis["port"].apply(int),
            secret=data.require_output("app_secret"),
        )


@dataclass(frozen=True, kw_only=True)
class TodoAppArgs:
    """What differs by environment; everything else is in the chart's values."""

    namespace: pulumi.Input[str]
    image: str
    environment: Environment
    web: Web
    background: Background
    backend: Backend
    reach: Reach
    secrets: Secrets
    meshed: bool
    public_url: str
    allowed_hosts: Sequence[str]
    ban_threshold: int
    demo_user: bool
    initial_words: Sequence[str]
    trusted_proxies: Sequence[str]


class TodoApp(pulumi.ComponentResource):
    """Migrations first, then the rollout; `Release` rather than `Chart` because the migration is a hook."""

    service: pulumi.Output[str]
    release: pulumi.Output[str | None]

    def __init__(self, name: str, args: TodoAppArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:delivery:TodoApp", name, None, opts)
        web, backend = args.web, args.backend
        release = Release(
            name,
            name=name,
            namespace=args.namespace,
            chart=CHART,
            create_namespace=False,
            timeout=timeouts.SECONDS["Release"],
            max_history=5,
            values={
                "image": {"reference": args.image, "pullPolicy": "IfNotPresent"},
                "config": {
                    "environment": args.environment.value,
                    "publicUrl": args.public_url,
                    "allowedHosts": list(args.allowed_hosts),
                    "banThreshold": args.ban_threshold,
                    "demoUser": args.demo_user,
                    "initialWords": list(args.initial_words),
                    "trustedProxies": list(args.trusted_proxies),
                    "oidc": {**args.reach.oidc(), **args.secrets.oidc()},
                },
                "database": {
                    **args.reach.database(backend.database_host, backend.database_port),
                    "name": backend.database_name,
                    "user": backend.database_user,
                },
                "redis": {"host": backend.redis_host, "port": backend.redis_port},
                "secret": {"name": backend.secret},
                "vault": args.secrets.vault(),
                "web": {
                    "replicas": web.replicas,
                    "workers": web.workers,
                    "threads": web.threads,
                    "priorityClassName": SERVICE,
                    "drain": {"enabled": web.drain},
                    "autoscaling": {
                        "enabled": web.replicas_max > web.replicas,
                        "minReplicas": web.replicas,
                        "maxReplicas": web.replicas_max,
                    },
                    "resources": {
                        "requests": {"cpu": web.cpu, "memory": f"{web.memory // 2}Mi"},
                        "limits": {"cpu": hardening.cpu_limit(web.cpu), "memory": f"{web.memory}Mi"},
                    },
                },
                "migrate": {"priorityClassName": BATCH},
                "networkPolicy": {**args.reach.network_policy(), **args.secrets.network_policy()},
                "mesh": {"enabled": args.meshed},
                "gateway": args.reach.gateway(),
                **args.background.values(),
            },
            opts=pulumi.ResourceOptions(
                parent=self,
                custom_timeouts=pulumi.CustomTimeouts(
                    create=f"{timeouts.SECONDS['Release']}s", update=f"{timeouts.SECONDS['Release']}s"
                ),
            ),
        )
        self.release = release.name
        self.service = pulumi.Output.concat(name, "-web.", args.namespace, ".svc")
        self.register_outputs({"service": self.service, "release": self.release})
