"""R48's declaration: who may do what where in Vault, written by hand beside the policies that are made."""

from collections.abc import Mapping, Sequence

APP = ("web", "relay", "migrate", "run-due-todos", "maintenance")
WRITE = ("create", "read", "update")
CONFIGURES = (*WRITE, "sudo")
# Each path stands for its like: one of ours, and one beside it that nobody may touch.
_BOOTSTRAP: Mapping[str, Sequence[str]] = {
    "sys/mounts": ("read", "list"),
    "sys/auth": ("read", "list"),
    "sys/audit": ("read", "list", "sudo"),
    **dict.fromkeys(("sys/mounts/other", "sys/auth/other", "sys/policies/acl/web", "sys/audit/file"), CONFIGURES),
    **dict.fromkeys(
        (
            "auth/kubernetes/config",
            "auth/kubernetes/role/web",
            "auth/userpass/users/ada",
            "identity/oidc/key/slipway",
            "identity/oidc/scope/groups",
            "identity/oidc/client/todo-app",
            "identity/oidc/provider/slipway",
            "identity/group/name/todo-admins",
            "identity/entity/name/ada",
        ),
        WRITE,
    ),
    "identity/entity-alias": ("create", "update"),
}
_DATABASE: Mapping[str, Sequence[str]] = {
    "database/config/todo": WRITE,
    "database/rotate-root/todo": ("update",),
    "database/roles/web": WRITE,
    "database/roles/other": WRITE,
    **{f"secret/data/todo-app/{name}": ("create",) for name in ("common", "other", *APP)},
    **{f"secret/metadata/todo-app/{name}": ("read",) for name in ("common", "other", *APP)},
}
_EVERY_APP: Mapping[str, Sequence[str]] = {
    "secret/data/todo-app/common": ("read",),
    "auth/token/lookup-self": ("read",),
    **dict.fromkeys(("auth/token/renew-self", "auth/token/revoke-self", "sys/leases/renew"), ("update",)),
}
MATRIX: Mapping[str, Mapping[str, Sequence[str]]] = {
    **{
        name: {**_EVERY_APP, f"database/creds/{name}": ("read",), f"secret/data/todo-app/{name}": ("read",)}
        for name in APP
    },
    "web": {
        **_EVERY_APP,
        "database/creds/web": ("read",),
        "secret/data/todo-app/web": ("read",),
        # It sends people to the issuer and comes back with their code.
        "identity/oidc/client/todo-app": ("read",),
    },
    "vault-bootstrap": _BOOTSTRAP,
    "vault-database": _DATABASE,
    "vault-snapshot": {"sys/storage/raft/snapshot": ("read",)},
    "vault-restore": {"sys/storage/raft/snapshot-force": ("update",)},
    "vault-doctor": {
        **{f"sys/leases/lookup/database/creds/{name}": ("list", "sudo") for name in APP},
        "sys/leases/lookup": ("update",),
    },
}
NOBODY = (
    "auth/token/create",
    "auth/token/lookup",
    "auth/token/roles/other",
    "cubbyhole/other",
    "database/config/other",
    "database/creds/other",
    "database/rotate-root/other",
    "database/static-creds/web",
    "identity/entity/id/other",
    "identity/group/id/other",
    "identity/oidc/token/other",
    "secret/config",
    "secret/data/other",
    "secret/data/todo-app",
    "secret/delete/todo-app/common",
    "secret/destroy/todo-app/common",
    "secret/metadata/other",
    "sys/capabilities",
    "sys/config/cors",
    "sys/internal/counters/activity",
    "sys/leases/revoke",
    "sys/leases/revoke-force/database",
    "sys/leases/revoke-prefix/database",
    "sys/plugins/catalog/secret/other",
    "sys/policies/password/other",
    "sys/policy",
    "sys/raw/other",
    "sys/remount",
    "sys/rotate",
    "sys/seal",
    "sys/step-down",
    "sys/storage/raft/configuration",
    "sys/storage/raft/remove-peer",
    "sys/tools/hash",
    "sys/wrapping/wrap",
)


def paths() -> list[str]:
    """Every path that is asked about."""
    return sorted({*NOBODY, *(path for declared in MATRIX.values() for path in declared)})


def expected(name: str, path: str) -> list[str]:
    """In Vault's words."""
    return sorted(MATRIX[name].get(path, ("deny",)))
