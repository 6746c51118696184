"""Everything Vault needs from an unsealed server on: idempotent, and the root token does not outlive it."""

from collections.abc import Callable
from typing import Any

from infra.graph.model import Graph
from infra.vault import desired
from infra.vault.desired import Wanted
from infra.vault.ensure import Store, ensure_audit, ensure_auth, ensure_engine, ensure_policy, ensure_written

# Says what was written, for the Job's log; never a value.
Told = Callable[[str], None]


def configure(store: Store, graph: Graph, wanted: Wanted, *, told: Told, database_password: str = "") -> int:
    """How many things were written; 0 when all was so. `database_password` is needed the first time only.

    The token of `store` must be root's or have the policy `vault-bootstrap`.
    """
    written = [
        *[(f"audit {path}", ensure_audit(store, path, file=file)) for path, file in wanted.audit.items()],
        ("engine secret", ensure_engine(store, desired.KV, kind="kv", options={"version": "2"})),
        ("engine database", ensure_engine(store, desired.DATABASE, kind="database")),
        ("auth kubernetes", ensure_auth(store, desired.KUBERNETES, kind="kubernetes")),
        ("auth userpass", ensure_auth(store, desired.USERS, kind="userpass")),
        *[(f"policy {name}", ensure_policy(store, name, text)) for name, text in desired.policies(graph).items()],
        ("kubernetes", _kubernetes(store, wanted)),
        *[(path, ensure_written(store, path, data)) for path, data in desired.roles(graph, wanted)],
        ("database", _database(store, graph, wanted, password=database_password)),
        *[(path, ensure_written(store, path, data)) for path, data in desired.logins(graph)],
        *_issuer(store, wanted),
    ]
    for what, changed in written:
        if changed:
            told(what)
    return sum(changed for _, changed in written)


def revoke(store: Any) -> None:  # noqa: ANN401 - hvac has no types
    """End the token that did it: after this nobody holds root, and a later run signs in by Kubernetes."""
    store.write_data("auth/token/revoke-self", data={})


def _kubernetes(store: Store, wanted: Wanted) -> bool:
    data = {
        "kubernetes_host": wanted.kubernetes_host,
        "kubernetes_ca_cert": wanted.kubernetes_ca,
        "disable_local_ca_jwt": bool(wanted.reviewer_jwt),
    }
    secret = {"token_reviewer_jwt": wanted.reviewer_jwt} if wanted.reviewer_jwt else {}
    return ensure_written(store, f"auth/{desired.KUBERNETES}/config", {**data, **secret}, secret=frozenset(secret))


def _database(store: Store, graph: Graph, wanted: Wanted, *, password: str) -> bool:
    """The connection; its password is changed at once to one that Vault alone knows."""
    path = f"{desired.DATABASE}/config/{desired.CONNECTION}"
    there = store.read(path)
    if not there and not password:
        raise ValueError("Vault has no connection to the database yet: its user's first password is needed")
    data = {
        "plugin_name": "postgresql-database-plugin",
        "connection_url": f"postgresql://{{{{username}}}}:{{{{password}}}}@{wanted.database}",
        "username": wanted.database_user,
        "password_authentication": "scram-sha-256",
        "allowed_roles": sorted(desired.identities(graph)),
        "verify_connection": True,
    }
    unread = frozenset({"password", "verify_connection"})
    changed = ensure_written(store, path, {**data, **({} if there else {"password": password})}, secret=unread)
    if not there:
        store.write_data(f"{desired.DATABASE}/rotate-root/{desired.CONNECTION}", data={})
    return changed


def _issuer(store: Store, wanted: Wanted) -> list[tuple[str, bool]]:
    """The provider trusts the key's one client, whose id Vault makes."""
    key = f"identity/oidc/key/{desired.ISSUER}"
    path, data = desired.client(wanted)
    group = f"identity/group/name/{desired.ADMIN_GROUP}"
    done = [
        (key, ensure_written(store, key, {"algorithm": "RS256", "rotation_period": 86400, "verification_ttl": 86400})),
        (path, ensure_written(store, path, data)),
        (group, bool(not store.read(group) and ensure_written(store, group, {"type": "internal"}))),
    ]
    client_id = store.read(path)["data"]["client_id"]
    allowed = ensure_written(store, f"{key}", {"allowed_client_ids": [client_id]})
    return [
        *done,
        (f"{key} clients", allowed),
        *[(p, ensure_written(store, p, d)) for p, d in desired.issuer(client_id)],
    ]
