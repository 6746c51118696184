"""Settings of the gateway, a part of the stack `platform`."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, model_validator

from infra.settings.base import Cpu, StackSettings

Name = Annotated[str, Field(pattern=r"^$|^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")]
Host = Annotated[str, Field(pattern=r"^(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$")]
Https = Annotated[str, Field(pattern=r"^$|^https://[^/?#\s]+[^?#\s]*$")]
ISSUER = "https://vault.vault.svc:8200/v1/identity/oidc/provider/slipway"


class GatewaySettings(BaseModel):
    """Where requests come in; memory is in MiB."""

    gateway_hosts: tuple[Host, ...] = Field(
        default=("127.0.0.1", "localhost"), min_length=1, description="Hosts and addresses of its own certificate"
    )
    gateway_vault_host: Name = Field(
        default="", description="Host by which browsers sign in at Vault, a name of its own; empty: they cannot"
    )
    gateway_certificate: Name = Field(
        default="", description="TLS Secret in namespace gateway; empty: of a local authority made in the cluster"
    )
    gateway_port: int = Field(default=443, ge=1, le=65535, description="Port of https that browsers use")
    gateway_service: Literal["ClusterIP", "LoadBalancer"] = Field(
        default="ClusterIP", description="Kind of its Service"
    )
    gateway_replicas: int = Field(default=1, ge=1, le=50, description="Pods of the gateway")
    gateway_memory: int = Field(default=256, ge=96, le=4096, description="Memory limit of each of its pods, MiB")
    gateway_cpu: Cpu = Field(default="50m", description="CPU request of each of its pods")
    gateway_body_kib: int = Field(default=8192, ge=64, le=65_536, description="Largest body of a request, KiB")
    gateway_rate: int = Field(default=200, ge=1, le=100_000, description="Requests a second of one address")
    gateway_burst: int = Field(default=400, ge=1, le=100_000, description="Requests at once of one address")
    gateway_sign_ins: int = Field(default=120, ge=1, le=10_000, description="Sign-ins a minute of one address")
    gateway_hops: int = Field(default=0, ge=0, le=10, description="Proxies before it whose X-Forwarded-For is believed")
    gateway_issuer: Https = Field(default=ISSUER, description="Whose tokens it checks; empty: it checks none")
    gateway_keys: Https = Field(default="", description="Address of that issuer's keys; empty: as Vault has them")


class WithGateway(GatewaySettings, StackSettings):
    """What goes together, with what every stack has."""

    @model_validator(mode="after")
    def _certified(self) -> Self:
        if self.gateway and self.production and not self.gateway_certificate:
            raise ValueError("gateway_certificate is empty; production wants one of an authority that browsers know")
        if self.gateway_burst < self.gateway_rate:
            raise ValueError(f"gateway_burst={self.gateway_burst} is below gateway_rate={self.gateway_rate}")
        if self.gateway_vault_host in self.gateway_hosts:
            raise ValueError(f"gateway_vault_host={self.gateway_vault_host} is the service's; a password needs its own")
        return self
