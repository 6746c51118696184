"""What the platform needs of an unsealed Vault: idempotent, and the root token does not outlive it."""

from collections.abc import Callable
from typing import Any

from infra.graph.model import Graph
from infra.vault import desired
from infra.vault.desired import Wanted
from infra.vault.ensure import Store, ensure_audit, ensure_auth, ensure_engine, ensure_policy, ensure_written
from infra.vault.people import ensure_people

# Says what was written, for the Job's log; never a value.
Told = Callable[[str], None]


def configure(store: Store, graph: Graph, wanted: Wanted, *, told: Told) -> int:
    """How many things were written; 0 when all was so.

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
        *[(path, ensure_written(store, path, data)) for path, data in desired.roles(graph)],
        *_issuer(store, wanted),
        *ensure_people(store, wanted.people),
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
    provider, trusted = desired.provider(client_id, wanted)
    allowed = ensure_written(store, key, {"allowed_client_ids": [client_id]})
    return [
        *done,
        (f"{key} clients", allowed),
        *[(path, ensure_written(store, path, data)) for path, data in desired.scopes()],
        (provider, ensure_written(store, provider, trusted, read_as={"issuer": desired.issuer_of(wanted)})),
    ]


def client_id(store: Store) -> str:
    """The audience of the issuer's tokens."""
    return str(store.read(f"identity/oidc/client/{desired.CLIENT}")["data"]["client_id"])
