"""What the app is told of Vault: an agent beside each pod, and Vault as the identity provider."""

from dataclasses import dataclass
from typing import Self

from infra.components.places import VAULT_NAMESPACE
from infra.settings.delivery import DeliverySettings
from infra.vault.desired import ADMIN_GROUP, ISSUER, SCOPE

ADDRESS = f"https://vault.{VAULT_NAMESPACE}.svc:8200"
# ConfigMap of the authority; the Job vault-certificates puts it into every namespace that calls Vault.
AUTHORITY = "vault-ca"


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """`image` is the agent's, empty without Vault; `client` is ours at its identity provider, empty: none."""

    image: str
    client: str
    sign_in: str
    authorize_url: str

    @classmethod
    def of(cls, settings: DeliverySettings) -> Self:
        """What the stack's settings say. An issuer of the settings' own is taken instead of Vault's."""
        client = settings.vault_client if settings.vault and not settings.oidc_issuer else ""
        return cls(
            image=settings.images["vault"] if settings.vault else "",
            client=client,
            sign_in=settings.oidc_sign_in or ("Vault" if client else ""),
            authorize_url=settings.oidc_authorize_url,
        )

    def vault(self) -> dict[str, object]:
        """The chart's `vault`."""
        if not self.image:
            return {"enabled": False}
        return {
            "enabled": True,
            "address": ADDRESS,
            "image": self.image,
            "authority": AUTHORITY,
            "oidcClient": self.client,
            "oidcProvider": ISSUER,
        }

    def oidc(self) -> dict[str, object]:
        """The part of the chart's `config.oidc` that is about signing in."""
        told: dict[str, object] = {"signIn": self.sign_in, "authorizeUrl": self.authorize_url}
        return told | ({"adminGroup": ADMIN_GROUP, "scopes": f"openid {SCOPE}"} if self.client else {})

    def network_policy(self) -> dict[str, object]:
        """The part of the chart's `networkPolicy`."""
        return {"vault": {"enabled": True, "namespace": VAULT_NAMESPACE}} if self.image else {}
