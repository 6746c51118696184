"""The part of stack `platform` that is about Vault."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from infra.settings.base import Cpu, Memory, StackSettings
from infra.settings.images import Frozen

Kind = Literal["", "node", "awskms", "gcpckms", "azurekeyvault", "ocikms", "transit"]
Person = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
Redirect = Annotated[str, Field(pattern=r"^https?://[^\s]+$")]


class VaultSettings(StackSettings):
    """Size, volumes, seal and people; memory is in MiB."""

    volume_root: str = Field(
        default="", pattern=r"^(/.*)?$", description="Folder on the node for Vault's volumes; empty: a storage class"
    )
    allow_unprotected: bool = Field(
        default=False, description="Production only: let Vault and its volumes be deleted (logged)"
    )
    vault_replicas: Literal[1, 3, 5] = Field(default=1, description="Vault's pods: one, or a quorum of three or five")
    vault_memory: int = Field(default=256, ge=192, le=16384, description="Memory limit of a Vault pod, MiB")
    vault_cpu: Cpu = Field(default="50m", description="CPU request of a Vault pod")
    vault_storage_class: str = Field(default="", description="StorageClass of Vault's volumes; empty: the default one")
    vault_volume: Memory = Field(default="512Mi", description="Size of a Vault pod's data")
    vault_audit_volume: Memory = Field(default="512Mi", description="Size of a Vault pod's audit file")
    vault_seal: Kind = Field(
        default="",
        description="What unseals Vault: awskms, gcpckms, azurekeyvault, ocikms, transit; node: embedded",
    )
    vault_seal_options: Annotated[Mapping[str, str], Frozen] = Field(
        default_factory=dict, description="Options of that seal as Vault's documentation has them; no credentials"
    )
    vault_account_annotations: Annotated[Mapping[str, str], Frozen] = Field(
        default_factory=dict, description="Annotations of Vault's service account, as for a cloud's identity"
    )
    vault_redirects: tuple[Redirect, ...] = Field(
        default=("http://127.0.0.1:8080/oidc/callback",), min_length=1, description="Where sign-ins may return to"
    )
    vault_people: Annotated[Mapping[Person, tuple[str, ...]], Frozen] = Field(
        default_factory=dict,
        description="User who signs in at Vault by a password -> groups; never in production",
    )

    @model_validator(mode="after")
    def _unsealed_by_something(self) -> Self:
        if not self.vault:
            return self
        if not self.vault_seal:
            raise ValueError("vault_seal is empty; Vault could not unseal itself after a restart")
        if secret := sorted(key for key in self.vault_seal_options if any(word in key for word in SECRET_WORDS)):
            raise ValueError(f"vault_seal_options holds {', '.join(secret)}; give the pod an identity instead")
        return self

    @model_validator(mode="after")
    def _fit_for_production(self) -> Self:
        if self.production and self.vault_seal == "node":
            raise ValueError("vault_seal is node, whose key lies beside the data; production wants a key service")
        if self.production and self.vault and self.vault_replicas == 1:
            raise ValueError("vault_replicas is 1; production wants 3, so that one may be away")
        if self.production and self.vault_people:
            raise ValueError("vault_people is set; production signs people in elsewhere")
        return self


# Parts of the names of Vault's seal options that hold credentials.
SECRET_WORDS = ("secret", "token", "access_key", "password", "credentials")
