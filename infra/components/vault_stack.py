"""Vault as the stacks have it: certificates, pods, configuration (platform), then the database's users (data)."""

import pulumi

from infra.components import postgresql
from infra.components.app_namespace import AppNamespaceArgs
from infra.components.places import APP_NAMESPACE, APP_SECRET, DATA_NAMESPACE, GATEWAY_NAMESPACE, VAULT_NAMESPACE
from infra.components.protection import protects
from infra.components.setup_job import Grant
from infra.components.vault import Vault, VaultArgs
from infra.components.vault_config import PEERS, PORT, Seal, address, names
from infra.components.vault_jobs import AUTHORITY, ISSUER, RECOVERY, TLS, USERS, VaultJob, VaultJobArgs
from infra.components.vault_sign_in import VaultSignIn, VaultSignInArgs
from infra.settings.data import DataSettings
from infra.settings.platform import PlatformSettings


def platform(settings: PlatformSettings, opts: pulumi.ResourceOptions | None = None) -> VaultJob:
    """Everything in Vault's namespace; done when Vault serves and nobody holds root."""
    vault = Vault("vault", _args(settings), opts)
    if settings.gateway and settings.gateway_vault_host:
        VaultSignIn("vault-sign-in", VaultSignInArgs.of(settings), pulumi.ResourceOptions(depends_on=[vault]))
    return VaultJob("vault-bootstrap", _bootstrap(settings), pulumi.ResourceOptions(depends_on=[vault]))


def _args(settings: PlatformSettings) -> VaultArgs:
    return VaultArgs(
        namespace=VAULT_NAMESPACE,
        bounds=AppNamespaceArgs(
            owner=settings.owner,
            environment=settings.env,
            quota_cpu="4",
            quota_memory=f"{settings.vault_replicas * settings.vault_memory + 1024}Mi",
            quota_pods=20,
            protect=protects(env=settings.env, allow_unprotected=settings.allow_unprotected),
            defaults=False,
        ),
        image=settings.images["vault"],
        replicas=settings.vault_replicas,
        memory=settings.vault_memory,
        cpu=settings.vault_cpu,
        volume_root=settings.volume_root,
        storage_class=settings.vault_storage_class,
        data_size=settings.vault_volume,
        audit_size=settings.vault_audit_volume,
        seal=Seal(kind=settings.vault_seal, options=settings.vault_seal_options),
        account_annotations=settings.vault_account_annotations,
        certificates=_certificates(settings),
        profile=settings.profile,
    )


def _certificates(settings: PlatformSettings) -> VaultJobArgs:
    known_in = [VAULT_NAMESPACE, APP_NAMESPACE, DATA_NAMESPACE, *([GATEWAY_NAMESPACE] if settings.gateway else [])]
    return VaultJobArgs(
        namespace=VAULT_NAMESPACE,
        command="certificates",
        image=settings.images["vault-bootstrap"],
        spec={"namespace": VAULT_NAMESPACE, "names": names(namespace=VAULT_NAMESPACE), "known_in": known_in},
        may=[
            Grant(namespace=VAULT_NAMESPACE, secrets=[TLS], config_maps=[AUTHORITY]),
            *[Grant(namespace=each, config_maps=[AUTHORITY]) for each in known_in[1:]],
        ],
        reason="keeps Vault's key in a Secret and its authority where Vault is called",
        profile=settings.profile,
    )


def _bootstrap(settings: PlatformSettings) -> VaultJobArgs:
    return VaultJobArgs(
        namespace=VAULT_NAMESPACE,
        command="bootstrap",
        image=settings.images["vault-bootstrap"],
        spec={
            # What opens Vault lives as long as Vault's data, which outlives Vault's own namespace.
            "kept_in": DATA_NAMESPACE,
            "app_namespace": APP_NAMESPACE,
            "address": address(namespace=VAULT_NAMESPACE),
            "redirects": list(settings.vault_redirects),
            "people": {name: list(groups) for name, groups in settings.vault_people.items()},
        },
        may=[
            Grant(namespace=DATA_NAMESPACE, secrets=[RECOVERY, USERS]),
            Grant(namespace=APP_NAMESPACE, config_maps=[ISSUER]),
        ],
        reason="keeps recovery keys and first passwords in Secrets, and tells the app the issuer's name for it",
        # One pod, not the Service: several that nobody initialised would each take a first word.
        env={"VAULT_ADDR": f"https://vault-0.{PEERS}.{VAULT_NAMESPACE}.svc:{PORT}"},
        profile=settings.profile,
    )


def database(settings: DataSettings, opts: pulumi.ResourceOptions) -> VaultJob:
    """What Vault needs of PostgreSQL; `opts` wait for it."""
    args = VaultJobArgs(
        namespace=DATA_NAMESPACE,
        command="database",
        image=settings.images["vault-bootstrap"],
        spec={
            "app_namespace": APP_NAMESPACE,
            "app_secret": APP_SECRET,
            "name": postgresql.DATABASE,
            "superuser": postgresql.USER,
        },
        may=[Grant(namespace=APP_NAMESPACE, reads=[APP_SECRET])],
        reason="reads the app's Secret, once, to give what is in it to Vault",
        env={"VAULT_ADDR": address(namespace=VAULT_NAMESPACE), "DATABASE_HOST": f"postgresql.{DATA_NAMESPACE}.svc"},
        secret="postgresql",  # noqa: S106 - the name of a Secret
        profile=settings.profile,
    )
    return VaultJob("vault-database", args, opts)
