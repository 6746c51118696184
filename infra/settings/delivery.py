"""Settings of the stack `delivery`."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, model_validator

from infra.settings.base import Cpu, StackSettings
from infra.settings.images import Frozen, Reference, complete

Network = Annotated[str, Field(pattern=r"^[0-9a-fA-F.:]+/[0-9]{1,3}$")]
Schedule = Annotated[str, Field(pattern=r"^[0-9*,/-]+( [0-9*,/A-Za-z-]+){4}$")]
Host = Annotated[str, Field(pattern=r"^(\*|\.?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*)$")]

Https = Annotated[str, Field(pattern=r"^$|^https://[^/?#\s]+[^?#\s]*$")]
Address = Annotated[str, Field(pattern=r"^$|^[A-Za-z0-9][A-Za-z0-9.-]*:[0-9]{1,5}$")]
Shard = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}=[A-Za-z0-9][A-Za-z0-9.-]*:[0-9]{1,5}/[^/,]+$")]


class DeliverySettings(StackSettings):
    """The app as a Helm release: size, addresses, behaviour; memory is in MiB."""

    images: Annotated[Mapping[str, Reference], complete("todo-app", perhaps=("vault",)), Frozen] = Field(
        default_factory=dict, validate_default=True, description="Image name -> pinned reference"
    )
    web_replicas: int = Field(default=1, ge=1, le=100, description="Web pods, or their lowest number with autoscaling")
    web_replicas_max: int = Field(default=1, ge=1, le=100, description="Above web_replicas: autoscaling up to this")
    web_workers: int = Field(default=2, ge=1, le=32, description="gunicorn processes in a web pod")
    web_threads: int = Field(default=4, ge=1, le=64, description="Threads of a gunicorn process")
    web_cpu: Cpu = Field(default="100m", description="CPU request of a web pod")
    web_memory: int = Field(default=320, ge=128, le=16384, description="Memory limit of a web pod, MiB")
    web_drain: bool = Field(default=True, description="Finish requests before a pod ends; off only to prove its need")
    public_url: str = Field(
        default="http://127.0.0.1:8080", pattern=r"^https?://[^/\s]+$", description="Origin that browsers use"
    )
    allowed_hosts: tuple[Host, ...] = Field(
        default=("127.0.0.1", "localhost"), min_length=1, description="Host headers the app answers"
    )
    ban_threshold: int = Field(default=15, ge=1, le=1000, description="Violations that ban a user")
    demo_user: bool = Field(default=False, description="Create the user `demo`")
    initial_words: tuple[str, ...] = Field(default=(), description="Banned words of an empty list")

    trusted_proxies: tuple[Network, ...] = Field(
        default=(), description="Networks whose X-Forwarded-For is believed, as of a gateway's pods"
    )
    relay: bool = Field(default=True, description="Publish events from the outbox")
    relay_memory: int = Field(default=192, ge=128, le=4096, description="Memory limit of the relay, MiB")
    outbox_days: int = Field(default=7, ge=1, le=365, description="Days a published event is kept")
    violation_months: int = Field(default=24, ge=0, le=1200, description="Months a violation is kept; 0 keeps all")
    audit_days: int = Field(default=400, ge=0, le=36_500, description="Days an audit row is kept; 0 keeps all")
    due_schedule: Schedule = Field(default="*/5 * * * *", description="When recurring todos are made, cron in UTC")
    maintenance_schedule: Schedule = Field(default="17 3 * * *", description="When old rows are deleted, cron in UTC")
    database_pooler: Address = Field(
        default="", description="host:port of a PgBouncer in transaction mode before the database; empty: none"
    )
    shards: tuple[Shard, ...] = Field(default=(), description="Further databases, each as name=host:port/database")
    database_networks: tuple[Network, ...] = Field(default=(), description="Networks of the pooler or of the shards")
    oidc_issuer: Https = Field(default="", description="An identity provider's https address; empty: none")
    oidc_audience: str = Field(default="", description="This service's name in the provider's tokens")
    oidc_jwks_url: Https = Field(default="", description="Address of the provider's keys; empty: by discovery")
    oidc_groups_claim: str = Field(default="groups", min_length=1, description="The claim that lists groups")
    oidc_admin_group: str = Field(default="", description="The group of administrators; empty: roles are kept here")
    oidc_sign_in: str = Field(
        default="", max_length=40, description="Name on the button of the sign-in page; empty: by password only"
    )
    oidc_authorize_url: Https = Field(
        default="", description="Address of the provider's sign-in page for browsers; empty: by discovery"
    )
    vault_client: str = Field(
        default="todo-app",
        pattern=r"^$|^[a-z0-9-]+$",
        description="Client of Vault's identity provider that people sign in with, where Vault runs; empty: none",
    )
    oidc_networks: tuple[Network, ...] = Field(default=(), description="Networks of the provider and its keys")

    @property
    def route_hosts(self) -> tuple[str, ...]:
        """The allowed hosts as a route of a gateway names them: `.example.com` is `*.example.com`."""
        return tuple(f"*{host}".lower() if host.startswith(".") else host.lower() for host in self.allowed_hosts)

    @model_validator(mode="after")
    def _is_routed(self) -> Self:
        if self.gateway and "*" in self.allowed_hosts:
            raise ValueError("allowed_hosts has '*'; behind a gateway hosts are named, or it takes those of others")
        return self

    @model_validator(mode="after")
    def _reaches_what_it_names(self) -> Self:
        if self.database_pooler and self.shards:
            raise ValueError("database_pooler and shards are set; with both, set the chart's database.shards yourself")
        if (self.database_pooler or self.shards) and not self.database_networks:
            raise ValueError("database_networks is empty; the pooler or the shards could not be reached")
        if self.oidc_issuer and not self.oidc_audience:
            raise ValueError("oidc_audience is empty; with oidc_issuer it says which tokens are for this service")
        if self.oidc_issuer and not self.oidc_networks:
            raise ValueError("oidc_networks is empty; the issuer's keys could not be fetched")
        return self

    @model_validator(mode="after")
    def _has_an_agent_where_vault_runs(self) -> Self:
        if self.vault and "vault" not in self.images:
            raise ValueError("no reference for vault, whose agent is beside each pod in profiles with Vault")
        if self.vault and self.database_pooler:
            raise ValueError("database_pooler is set; a pooler does not know Vault's users, which come and go")
        if self.vault and self.shards:
            raise ValueError("shards is set; Vault's users are of one database")
        return self

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.web_replicas_max < self.web_replicas:
            raise ValueError(f"web_replicas_max={self.web_replicas_max} is below web_replicas={self.web_replicas}")
        if self.production and self.demo_user:
            raise ValueError("demo_user is on; production has no demo user")
        if self.production and not self.public_url.startswith("https://"):
            raise ValueError(f"public_url={self.public_url}; production wants https")
        return self
