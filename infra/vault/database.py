"""What Vault needs of the database, and the app of Vault: users by role, and the secrets it had before."""

from collections.abc import Callable, Mapping
from contextlib import suppress

import hvac  # type: ignore[import-untyped] # ships no types

from infra.graph.model import Graph
from infra.vault import desired
from infra.vault.bootstrap import Told
from infra.vault.ensure import Store, ensure_absent, ensure_written

# Which workload gets what of the Secret that the app has in profile mini; everything else there is made anew by Vault.
COMMON = ("django-secret-key", "redis-password")
OF: Mapping[str, tuple[str, ...]] = {"common": COMMON, "migrate": ("admin-password", "demo-password")}


def configure(
    store: Store,
    graph: Graph,
    *,
    address: str,
    user: str = "vault",
    new_password: Callable[[], str],
    told: Told,
) -> int:
    """The connection and the roles; how many things were written, 0 when all was so and the connection works.

    `new_password` gives Vault's own user a password in the database and returns it: asked for when Vault has no
    connection, or one that the database refuses. Vault changes it at once to one that it alone knows.
    """
    written = [(f"connection {address.partition('?')[0]}", _connection(store, graph, address, user, new_password))]
    written += [(path, ensure_written(store, path, data)) for path, data in desired.logins(graph)]
    for what, changed in written:
        if changed:
            told(what)
    return sum(changed for _, changed in written)


def _connection(store: Store, graph: Graph, address: str, user: str, new_password: Callable[[], str]) -> bool:
    path = f"{desired.DATABASE}/config/{desired.CONNECTION}"
    data = {
        "plugin_name": "postgresql-database-plugin",
        "connection_url": f"postgresql://{{{{username}}}}:{{{{password}}}}@{address}",
        "username": user,
        "password_authentication": "scram-sha-256",
        "allowed_roles": sorted(desired.identities(graph)),
    }
    with suppress(hvac.exceptions.VaultError):
        if store.read(path):
            changed = ensure_written(store, path, data)
            # Written anew, Vault tries to sign in, and says so when the database refuses.
            store.write_data(path, data={**data, "verify_connection": True})
            return changed
    store.write_data(path, data={**data, "password": new_password(), "verify_connection": True})
    store.write_data(f"{desired.DATABASE}/rotate-root/{desired.CONNECTION}", data={})
    return True


def ensure_secrets(store: Store, secret: Mapping[str, str], *, told: Told) -> int:
    """The app's secrets where none are yet: how many were put there. What is there is neither read nor changed."""
    count = 0
    for name, keys in OF.items():
        values = {key: secret[key] for key in keys if key in secret}
        if values and ensure_absent(store, f"{desired.KV}/metadata/todo-app/{name}", values):
            told(f"{desired.KV}/todo-app/{name}: {', '.join(sorted(values))}")
            count += 1
    return count
