"""Settings of the stack `delivery`."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, model_validator

from infra.settings.base import Cpu, StackSettings
from infra.settings.images import Frozen, Reference, complete

Network = Annotated[str, Field(pattern=r"^[0-9a-fA-F.:]+/[0-9]{1,3}$")]
Schedule = Annotated[str, Field(pattern=r"^[0-9*,/-]+( [0-9*,/A-Za-z-]+){4}$")]
Host = Annotated[str, Field(pattern=r"^(\*|\.?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*)$")]


class DeliverySettings(StackSettings):
    """The app as a Helm release: size, addresses, behaviour; memory is in MiB."""

    images: Annotated[Mapping[str, Reference], complete("todo-app"), Frozen] = Field(
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
        default=(), description="Networks whose X-Forwarded-For is believed, such as that of a gateway's pods"
    )
    relay: bool = Field(default=True, description="Publish events from the outbox")
    relay_memory: int = Field(default=192, ge=128, le=4096, description="Memory limit of the relay, MiB")
    outbox_days: int = Field(default=7, ge=1, le=365, description="Days a published event is kept")
    due_schedule: Schedule = Field(default="*/5 * * * *", description="When recurring todos are made, cron in UTC")
    maintenance_schedule: Schedule = Field(default="17 3 * * *", description="When old rows are deleted, cron in UTC")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.web_replicas_max < self.web_replicas:
            raise ValueError(f"web_replicas_max={self.web_replicas_max} is below web_replicas={self.web_replicas}")
        if self.production and self.demo_user:
            raise ValueError("demo_user is on; production has no demo user")
        if self.production and not self.public_url.startswith("https://"):
            raise ValueError(f"public_url={self.public_url}; production wants https")
        return self
