"""Settings of the stack `data`."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, model_validator

from infra.settings.base import Cpu, StackSettings
from infra.settings.images import Frozen, Reference, complete

IMAGES = complete("postgresql", "redis", "secrets-init", perhaps=("vault-bootstrap",))


class DataSettings(StackSettings):
    """PostgreSQL, Redis and the Job that makes their passwords; memory is in MiB."""

    images: Annotated[Mapping[str, Reference], IMAGES, Frozen] = Field(
        default_factory=dict, validate_default=True, description="Image name -> pinned reference; rest: the catalog"
    )
    postgresql_memory: int = Field(default=128, ge=96, le=65536, description="Memory limit of PostgreSQL, MiB")
    postgresql_cpu: Cpu = Field(default="50m", description="CPU request of PostgreSQL")
    postgresql_connections: int = Field(default=40, ge=10, le=500, description="max_connections of PostgreSQL")
    redis_memory: int = Field(default=32, ge=24, le=16384, description="Memory limit of Redis, MiB")
    redis_cpu: Cpu = Field(default="20m", description="CPU request of Redis")
    demo_user: bool = Field(default=False, description="Make a password for the user `demo`")
    allow_unprotected: bool = Field(default=False, description="Production only: let the databases be deleted (logged)")

    @model_validator(mode="after")
    def _no_demo_in_production(self) -> Self:
        if self.production and self.demo_user:
            raise ValueError("demo_user is on; production has no demo user")
        return self

    @model_validator(mode="after")
    def _has_the_images_of_its_profile(self) -> Self:
        if self.vault and "vault-bootstrap" not in self.images:
            raise ValueError("no reference for vault-bootstrap, which profiles with Vault run")
        return self
