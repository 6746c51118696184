"""What the app is told of databases and an identity provider besides the data stack, and may reach."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

import pulumi

from infra.components.places import GATEWAY_NAMESPACE
from infra.settings.delivery import DeliverySettings


@dataclass(frozen=True, kw_only=True)
class Reach:
    """`pooler` is host:port before the data stack's database; `shards` are name=host:port/database.

    `gateway_hosts` are those it is reached by through a gateway; none: there is no gateway.
    """

    pooler: str
    shards: Sequence[str]
    database_networks: Sequence[str]
    issuer: str
    audience: str
    jwks_url: str
    groups_claim: str
    admin_group: str
    issuer_networks: Sequence[str]
    gateway_hosts: Sequence[str] = ()

    @classmethod
    def of(cls, settings: DeliverySettings) -> Self:
        """What the stack's settings say about it."""
        return cls(
            pooler=settings.database_pooler,
            shards=settings.shards,
            database_networks=settings.database_networks,
            issuer=settings.oidc_issuer,
            audience=settings.oidc_audience,
            jwks_url=settings.oidc_jwks_url,
            groups_claim=settings.oidc_groups_claim,
            admin_group=settings.oidc_admin_group,
            issuer_networks=settings.oidc_networks,
            gateway_hosts=settings.route_hosts if settings.gateway else (),
        )

    @property
    def outside(self) -> tuple[str, ...]:
        """Hosts that the chart opens for it in a mesh; the policy on that is told of them."""
        places = [self.pooler.rpartition(":")[0], *(str(_shard(entry)["host"]) for entry in self.shards)]
        places += [urlsplit(address).hostname or "" for address in (self.issuer, self.jwks_url)]
        return tuple(sorted({place.lower() for place in places if place}))

    def database(self, host: pulumi.Input[str], port: pulumi.Input[int]) -> dict[str, object]:
        """The chart's `database`, without name and user; host and port are PostgreSQL's own."""
        shards = [_shard(entry) for entry in self.shards]
        if not self.pooler:
            return {"host": host, "port": port, "shards": shards}
        pooler_host, _, pooler_port = self.pooler.rpartition(":")
        direct = {"directHost": host, "directPort": port}
        return {"pooler": "transaction", "host": pooler_host, "port": int(pooler_port), **direct, "shards": shards}

    def oidc(self) -> dict[str, object]:
        """The chart's `config.oidc`."""
        return {
            "issuer": self.issuer,
            "audience": self.audience,
            "jwksUrl": self.jwks_url,
            "groupsClaim": self.groups_claim,
            "adminGroup": self.admin_group,
        }

    def gateway(self) -> dict[str, object]:
        """The chart's `gateway`: whether there is one, and for which hosts it sends requests here."""
        return {"enabled": bool(self.gateway_hosts), "hosts": list(self.gateway_hosts)}

    def network_policy(self) -> dict[str, object]:
        """The chart's `networkPolicy`, as far as it differs from the default."""
        networks = {"cidrs": list(self.database_networks)}
        return {
            **({"database": networks} if self.pooler else {}),
            **({"shards": networks} if self.shards else {}),
            # What comes from outside comes by the gateway, past which nobody gets.
            **({"http": {"cidrs": [], "namespaces": [GATEWAY_NAMESPACE]}} if self.gateway_hosts else {}),
            **({"issuer": {"cidrs": list(self.issuer_networks)}} if self.issuer else {}),
        }


def _shard(entry: str) -> dict[str, object]:
    name, _, place = entry.partition("=")
    address, _, database = place.partition("/")
    host, _, port = address.rpartition(":")
    return {"name": name, "host": host, "port": int(port), "database": database}
