"""What every stack's settings share: frozen, no unknown key, an environment and a profile."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Environment(StrEnum):
    """The Pulumi stack names: where this runs, not how big it is."""

    LOCAL = "local"
    DEV = "dev"
    STAGING = "staging"
    PRODUCTION = "production"


PROFILES = ("mini", "standard", "full")

# Kubernetes quantities as we write them: whole numbers and binary units, so that sums are exact.
Memory = Annotated[str, Field(pattern=r"^[1-9][0-9]*(Mi|Gi)$")]
Cpu = Annotated[str, Field(pattern=r"^[1-9][0-9]*m?$")]


class StackSettings(BaseModel):
    """One frozen model a stack; each field except `env` is a key declared in its Pulumi.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    env: Environment = Field(description="The Pulumi stack: local, dev, staging or production")
    profile: Literal["mini", "standard", "full"] = Field(
        default="mini", description="What is on and how big; available: mini, standard, full"
    )

    @classmethod
    def config_keys(cls) -> tuple[str, ...]:
        """The keys a user can set, in the order they are declared."""
        return tuple(name for name in cls.model_fields if name != "env")

    @property
    def policies(self) -> bool:
        """Whether Gatekeeper judges what is deployed: in every profile but the smallest."""
        return self.profile != "mini"

    @property
    def vault(self) -> bool:
        """Whether Vault keeps the secrets and makes the database's users."""
        return self.profile != "mini"

    @property
    def gateway(self) -> bool:
        """Whether requests come in through a gateway."""
        return self.profile != "mini"

    @property
    def mesh(self) -> bool:
        """Whether app namespaces talk through sidecars; istiod runs wherever there is a gateway."""
        return self.profile == "full"

    @property
    def production(self) -> bool:
        """Whether stateful things are protected and demo conveniences are off."""
        return self.env is Environment.PRODUCTION
