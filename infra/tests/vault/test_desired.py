"""What Vault shall hold follows from the service graph, and is written only where it differs."""

import copy
import re
from typing import Any

import hvac  # type: ignore[import-untyped] # ships no types
import pytest

from infra.graph.load import service_graph
from infra.vault import database, desired
from infra.vault.bootstrap import configure
from infra.vault.desired import MEMBER, SERVICES, Data, Wanted, identities, policies
from infra.vault.ensure import ensure_engine, ensure_written
from infra.vault.postgres import statements

GRAPH = service_graph()
WANTED = Wanted(
    kubernetes_host="https://kubernetes.default.svc",
    redirects=("https://todo.example.com/callback",),
    people={"ada": ("todo-admins",), "ben": ()},
)
ADDRESS = "postgresql.data.svc:5432/todo"
LISTS = ("sys/mounts", "sys/auth", "sys/audit")


class Store:
    """Keeps what is written, adds what Vault adds, and never gives a password back."""

    def __init__(self) -> None:
        self.data: dict[str, Data] = {}
        self.writes: list[str] = []
        self.refused = False  # by the database, the password that Vault has

    def read(self, path: str) -> Any:  # noqa: ANN401 - as the client's
        if path in LISTS:
            below = [name.removeprefix(f"{path}/") for name in self.data if name.startswith(f"{path}/")]
            return {"data": {f"{name}/": self.data[f"{path}/{name}"] for name in below}}
        return {"data": copy.deepcopy(self.data[path])} if path in self.data else None

    def write_data(self, path: str, *, data: Data) -> None:
        self.writes.append(path)
        if self.refused and data.get("verify_connection") and "password" not in data:
            raise hvac.exceptions.InvalidRequest("password authentication failed")
        held = {key: value for key, value in data.items() if key not in {"password", "verify_connection"}}
        self.data[path] = {**self.data.get(path, {}), **held}
        if "/client/" in path:
            self.data[path]["client_id"] = "made-by-vault"
        if path.startswith(("sys/auth/", "identity/entity/name/")):
            self.data[path] |= {"accessor": f"at {path}", "id": f"id of {path}"}
        if "/provider/" in path:
            self.data[path]["issuer"] += f"/v1/{path}"
        if path == "identity/entity-alias":
            entity = self.data[f"identity/entity/name/{data['name']}"]
            entity["aliases"] = [{"mount_accessor": data["mount_accessor"]}]


def run(store: Store) -> int:
    """Both Jobs."""
    password = lambda: "first"  # noqa: E731 - one line says it
    return configure(store, GRAPH, WANTED, told=lambda _: None) + database.configure(
        store, GRAPH, address=ADDRESS, new_password=password, told=lambda _: None
    )


def configured() -> Store:
    store = Store()
    run(store)
    return store


def test_a_second_run_writes_nothing_but_tries_the_connection() -> None:
    store = configured()
    store.writes.clear()

    assert run(store) == 0
    assert store.writes == ["database/config/todo"]


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("sys/policies/acl/web", {"policy": "wider"}),
        ("auth/kubernetes/role/relay", {"bound_service_account_names": ["*"]}),
        ("database/roles/web", {"creation_statements": []}),
        ("identity/oidc/provider/slipway", {"allowed_client_ids": ["*"]}),
        ("auth/kubernetes/config", {"kubernetes_host": "https://elsewhere"}),
    ],
)
def test_a_difference_is_written_alone(path: str, data: Data) -> None:
    store = configured()
    store.data[path].update(data)
    store.writes.clear()
    run(store)

    assert [each for each in store.writes if each != "database/config/todo"] == [path]


def test_a_refused_connection_gets_a_new_password() -> None:
    store = configured()
    store.refused = True
    store.writes.clear()

    assert run(store) == 1
    assert store.writes == ["database/config/todo", "database/config/todo", "database/rotate-root/todo"]


def test_the_first_password_is_changed_at_once() -> None:
    writes = configured().writes
    assert writes.index("database/rotate-root/todo") == writes.index("database/config/todo") + 1


def test_an_engine_of_another_kind_is_refused() -> None:
    store = Store()
    ensure_engine(store, "secret", kind="transit")

    with pytest.raises(ValueError, match="is of type transit, not kv"):
        ensure_engine(store, "secret", kind="kv")


def test_order_is_no_difference() -> None:
    store = Store()
    store.data["x"] = {"names": ["b", "a"]}

    assert not ensure_written(store, "x", {"names": ["a", "b"]})
    assert ensure_written(store, "x", {"names": ["a"]})


def test_every_caller_of_vault_in_the_graph_has_identity_policy_and_login() -> None:
    ours = {"vault", *SERVICES}
    members = {name for name, node in GRAPH.workloads.items() if node.namespace == "todo"}
    names = members & set(GRAPH.callers("vault", "api"))
    store = configured()

    assert names == set(identities(GRAPH)) == set(MEMBER)
    assert names == set(GRAPH.callers("postgresql", "service")) - ours
    for name in names:
        role = store.data[f"auth/kubernetes/role/{name}"]
        workload = GRAPH.workloads[name]
        assert role["bound_service_account_names"] == [workload.account]
        assert role["bound_service_account_namespaces"] == [workload.namespace]
        assert role["token_policies"] == [name]
        assert role["token_no_default_policy"] is True
        assert role["audience"] == "vault"


@pytest.mark.parametrize("name", sorted(MEMBER))
def test_a_policy_names_its_own_paths_without_wildcards(name: str) -> None:
    paths = dict(re.findall(r'path "([^"]+)" \{ capabilities = \[([^\]]*)\]', policies(GRAPH)[name]))

    assert not [path for path in paths if "*" in path or "+" in path]
    assert {path for path in paths if path.startswith("database/")} == {f"database/creds/{name}"}
    assert {path for path in paths if path.startswith("secret/")} == {
        "secret/data/todo-app/common",
        f"secret/data/todo-app/{name}",
    }
    assert "sudo" not in policies(GRAPH)[name]


def test_the_bootstrap_reads_no_secret_and_no_login() -> None:
    text = policies(GRAPH)["vault-bootstrap"]

    assert "secret/" not in text
    assert "creds" not in text
    assert '"*"' not in text


def test_the_databases_job_puts_secrets_and_reads_none() -> None:
    text = policies(GRAPH)["vault-database"]

    assert 'path "secret/data/todo-app/*" { capabilities = ["create"] }' in text
    assert "creds" not in text
    assert "sys/" not in text


def test_the_apps_secrets_are_put_where_none_are_and_left_alone_where_some_are() -> None:
    store, told = Store(), list[str]()
    secret = {"django-secret-key": "k", "redis-password": "r", "database-password": "d", "admin-password": "a"}

    assert database.ensure_secrets(store, secret, told=told.append) == 2
    assert store.data["secret/data/todo-app/common"]["data"] == {"django-secret-key": "k", "redis-password": "r"}
    assert store.data["secret/data/todo-app/migrate"]["data"] == {"admin-password": "a"}
    store.data["secret/metadata/todo-app/common"] = {}
    store.writes.clear()
    database.ensure_secrets(store, {**secret, "django-secret-key": "other"}, told=told.append)
    assert store.writes == ["secret/data/todo-app/migrate"]
    assert not [line for line in told if "=" in line]


def test_logins_of_the_data_are_no_owners_of_it() -> None:
    made = dict(desired.logins(GRAPH))
    owners = {name for name, group in MEMBER.items() if group == desired.OWNER}

    assert owners == {"migrate", "maintenance"}
    for name in MEMBER:
        text = " ".join(made[f"database/roles/{name}"]["creation_statements"])
        assert (desired.OWNER in text) is (name in owners)
        assert "SUPERUSER" not in text


def test_names_and_passwords_are_quoted() -> None:
    text = "\n".join(statements(user='v"x', password="it's", superuser="todo"))

    assert '"v""x"' in text
    assert "'it''s'" in text


def test_who_stays_has_ten_minutes_of_its_login_left_whenever_vault_goes() -> None:
    """The agent asks for the next login while a sixth of a life is left at least, if no login has a last part."""
    stays = {name: data for name, data in desired.logins(GRAPH) if data["default_ttl"] >= desired.HOUR}

    assert set(stays) == {"database/roles/web", "database/roles/relay"}
    for data in stays.values():
        assert data["max_ttl"] == data["default_ttl"]
        assert data["default_ttl"] / 6 >= 600
    # What a login hangs on is renewed in full each time: with an end of its own it would take the login with it.
    tokens = {name: data for name, data in desired.roles(GRAPH) if name.endswith(("/web", "/relay"))}
    assert len(tokens) == 2
    assert all((data["token_period"], data["token_max_ttl"]) == (desired.HOUR, 0) for data in tokens.values())
