"""The Jobs of infra/vault: each with an account and rights of its own, and a token that is for Vault alone."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from infra.components import setup_job
from infra.components.setup_job import Grant, SetupJob
from infra.graph.model import Profile

AUTHORITY, TLS, RECOVERY, USERS, ISSUER = "vault-ca", "vault-tls", "vault-recovery", "vault-users", "vault-issuer"
TOKEN_SECONDS = 600


@dataclass(frozen=True, kw_only=True)
class VaultJobArgs:
    """`command` and `spec` as infra/vault/__main__.py has them; `secret` is mounted below /run/secrets."""

    namespace: str
    command: str
    image: str
    spec: Mapping[str, Any]
    may: Sequence[Grant]
    reason: str
    env: Mapping[str, str] = field(default_factory=dict)
    secret: str = ""
    profile: Profile


class VaultJob(pulumi.ComponentResource):
    """Account, rights, network policy, Job."""

    job: pulumi.Output[str]

    def __init__(self, name: str, args: VaultJobArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:platform:VaultJob", name, None, opts)
        given = {**args.env, "VAULT_SPEC": json.dumps(dict(args.spec), sort_keys=True)}
        if "VAULT_ADDR" in args.env:
            given["VAULT_CACERT"] = f"/run/{AUTHORITY}/ca.crt"
        wanted = SetupJob(
            namespace=args.namespace,
            component="setup",
            image=args.image,
            reason=args.reason,
            grants=args.may,
            profile=args.profile,
            memory=128,
            arguments=[args.command],
            env=given,
            mounts=_mounts(args),
        )
        self.job = setup_job.create(name, wanted, parent=self).metadata["name"]
        self.register_outputs({"job": self.job})


def _mounts(args: VaultJobArgs) -> dict[str, dict[str, Any]]:
    """Where it calls Vault, a token that is for Vault alone and whom to trust; its Secret, where it has one."""
    found: dict[str, dict[str, Any]] = {}
    if "VAULT_ADDR" in args.env:
        token = {"audience": "vault", "expiration_seconds": TOKEN_SECONDS, "path": "token"}
        found["/run/vault-token"] = {
            "name": "vault-token",
            "projected": {"sources": [{"service_account_token": token}]},
        }
        found[f"/run/{AUTHORITY}"] = {"name": AUTHORITY, "config_map": {"name": AUTHORITY, "default_mode": 0o444}}
    if args.secret:
        secret = {"secret_name": args.secret, "default_mode": 0o440}
        found[f"/run/secrets/{args.secret}"] = {"name": "secret", "secret": secret}
    return found
