"""The bootstrap on a real Vault and a real PostgreSQL: idempotent, least privilege, no root left."""

import base64
import json
import secrets
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import hvac  # type: ignore[import-untyped] # ships no types
import psycopg
import pytest

from infra.graph.load import service_graph
from infra.lib import gotool
from infra.lib.report import silent
from infra.tests.vault import servers
from infra.tests.vault.database import Postgres
from infra.tests.vault.database import postgres as database_of
from infra.tests.vault.servers import Kubernetes
from infra.tests.vault.test_postgres import TABLES, allowed, done
from infra.vault import postgres
from infra.vault.bootstrap import configure, revoke
from infra.vault.desired import ADMIN_GROUP, CLIENT, ISSUER, MEMBER, Wanted, identities

pytestmark = pytest.mark.integration
GRAPH = service_graph()
REDIRECT = "https://todo.example.com/callback"


@dataclass(frozen=True)
class Stand:
    """The three servers, and how the bootstrap is told of them."""

    client: Any
    database: Postgres
    cluster: Kubernetes
    wanted: Wanted
    root: str
    first: list[str]

    def login(self, name: str) -> Any:  # noqa: ANN401 - hvac has no types
        """Signed in as a workload of the graph."""
        namespace, account = {**identities(GRAPH), "vault-bootstrap": ("vault", "vault-bootstrap")}[name]
        return self.login_with(name, self.cluster.token(namespace, account))

    def login_with(self, role: str, token: str) -> Any:  # noqa: ANN401 - as above
        """Signed in with a token."""
        client = hvac.Client(url=self.client.url)
        client.auth.kubernetes.login(role=role, jwt=token)
        return client

    def take_back(self, lease: str) -> None:
        """Revoke a lease and wait until it is done."""
        self.client.write_data("sys/leases/revoke", data={"lease_id": lease, "sync": True})

    def user(self, name: str) -> tuple[str, str, str]:
        """A database login of a workload: user, password, lease."""
        answer = self.login(name).read(f"database/creds/{name}")
        return answer["data"]["username"], answer["data"]["password"], answer["lease_id"]


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    """Configured once as root; root is revoked by the test that comes last."""
    with tempfile.TemporaryDirectory(prefix="slipway-vault-") as name:
        Path(name).chmod(0o755)  # PostgreSQL runs as a user of its own
        yield from _stand(Path(name))


def _stand(folder: Path) -> Iterator[Stand]:
    program = gotool.ensure("vault", report=silent, log=folder / "build.log")
    with (
        database_of(folder / "postgresql") as database,
        servers.kubernetes() as cluster,
        servers.vault(program, folder / "raft") as client,
    ):
        password = secrets.token_urlsafe(24)
        database.run(*TABLES, *postgres.statements(user="vault", password=password, superuser="todo"))
        wanted = Wanted(
            kubernetes_host=cluster.url,
            reviewer_jwt=cluster.token("vault", "vault"),
            database=f"127.0.0.1:{database.port}/todo?sslmode=disable",
            redirects=(REDIRECT,),
            audit={name: str(folder / f"{name}.log") for name in ("first", "second")},
        )
        told: list[str] = []
        configure(client, GRAPH, wanted, told=told.append, database_password=password)
        yield Stand(client, database, cluster, wanted, client.token, told)


def test_the_first_run_writes_and_the_second_writes_nothing(stand: Stand) -> None:
    again: list[str] = []

    assert len(stand.first) > 25
    assert configure(stand.client, GRAPH, stand.wanted, told=again.append) == 0
    assert again == []


def test_what_somebody_changed_is_put_right(stand: Stand) -> None:
    stand.client.write_data("sys/policies/acl/relay", data={"policy": 'path "secret/*" { capabilities = ["read"] }'})
    stand.client.write_data("auth/kubernetes/role/relay", data={"token_ttl": 5})
    told: list[str] = []

    assert configure(stand.client, GRAPH, stand.wanted, told=told.append) == 2
    assert told == ["policy relay", "auth/kubernetes/role/relay"]


def test_raft_keeps_it_and_two_devices_record_it(stand: Stand) -> None:
    assert [
        each["leader"] for each in stand.client.read("sys/storage/raft/configuration")["data"]["config"]["servers"]
    ] == [True]
    for file in stand.wanted.audit.values():
        assert len(Path(file).read_text(encoding="utf-8").splitlines()) > 50


@pytest.mark.parametrize("name", sorted(MEMBER))
def test_each_identity_gets_its_own_login_and_no_other(stand: Stand, name: str) -> None:
    client = stand.login(name)
    allowed = {other for other in MEMBER if _reads(client, f"database/creds/{other}")}

    assert allowed == {name}
    for path in ("secret/data/todo-app/other", "sys/mounts", "database/config/todo", "auth/kubernetes/config"):
        assert not _reads(client, path)


def _reads(client: Any, path: str) -> bool:  # noqa: ANN401 - hvac has no types
    try:
        client.read(path)
    except hvac.exceptions.Forbidden:
        return False
    return True


def test_secrets_are_read_by_whom_they_are_for(stand: Stand) -> None:
    stand.client.write_data("secret/data/todo-app/web", data={"data": {"redis-password": "canary"}})

    assert stand.login("web").read("secret/data/todo-app/web")["data"]["data"] == {"redis-password": "canary"}
    assert not _reads(stand.login("relay"), "secret/data/todo-app/web")


@pytest.mark.parametrize(
    ("namespace", "account", "audience", "known"),
    [
        ("todo", "todo-app-relay", "vault", True),  # another's token
        ("default", "todo-app-web", "vault", True),  # another namespace
        ("todo", "todo-app-web", "api", True),  # a token for somebody else
        ("todo", "todo-app-web", "vault", False),  # one the API server never gave
    ],
)
def test_a_token_that_is_not_the_identitys_is_refused(
    stand: Stand, namespace: str, account: str, audience: str, known: bool
) -> None:
    with pytest.raises(hvac.exceptions.VaultError):
        stand.login_with("web", stand.cluster.token(namespace, account, audience=audience, known=known))


@pytest.mark.parametrize("name", sorted(MEMBER))
def test_a_login_may_do_what_its_work_needs_and_nothing_else(stand: Stand, name: str) -> None:
    user, password, _ = stand.user(name)

    assert done(stand.database, user, password) == allowed(name)


def test_what_a_migration_made_outlives_its_login_and_is_used_by_the_others(stand: Stand) -> None:
    user, password, lease = stand.user("migrate")
    with stand.database.login(user, password) as connection:
        connection.execute("CREATE TABLE outlives (id bigserial PRIMARY KEY)")
    stand.take_back(lease)
    writer, word, _ = stand.user("web")
    with stand.database.login(writer, word) as connection:
        connection.execute("INSERT INTO outlives DEFAULT VALUES")

    assert stand.database.run("SELECT tableowner FROM pg_tables WHERE tablename = 'outlives'") == [("todo_owner",)]
    assert user not in {role for (role,) in stand.database.run("SELECT rolname FROM pg_roles")}


def test_a_login_taken_back_ends_at_once(stand: Stand) -> None:
    user, password, lease = stand.user("web")
    with stand.database.login(user, password) as connection:
        connection.execute("SELECT 1")
        stand.take_back(lease)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError):
        stand.database.login(user, password)


def test_the_password_of_vaults_own_user_is_known_to_vault_alone(stand: Stand) -> None:
    told = stand.client.read("database/config/todo")["data"]["connection_details"]

    assert "password" not in told
    with pytest.raises(psycopg.OperationalError):
        stand.database.login("vault", "")


def test_the_issuers_token_carries_the_groups_of_its_user(stand: Stand) -> None:
    browser = _person(stand, "ada")
    made = stand.client.read(f"identity/oidc/client/{CLIENT}")["data"]
    query = {
        "scope": "openid groups",
        "response_type": "code",
        "client_id": made["client_id"],
        "redirect_uri": REDIRECT,
    }
    query |= {"state": "s", "nonce": "n"}
    base = f"identity/oidc/provider/{ISSUER}"
    code = browser.read(f"{base}/authorize?{urlencode(query)}")["code"]
    answer = stand.client.adapter.request(
        "post",
        f"/v1/{base}/token",
        headers={
            "Authorization": "Basic "
            + base64.b64encode(f"{made['client_id']}:{made['client_secret']}".encode()).decode()
        },
        json={"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT},
    )
    claims = json.loads(base64.urlsafe_b64decode(answer["id_token"].split(".")[1] + "=="))

    assert claims["groups"] == [ADMIN_GROUP]
    assert claims["aud"] == made["client_id"]
    assert claims["iss"].endswith(f"/v1/{base}")


def _person(stand: Stand, name: str) -> Any:  # noqa: ANN401 - hvac has no types
    """Somebody who signs in by password and is an administrator."""
    root = stand.client
    root.write_data(f"auth/userpass/users/{name}", data={"password": "a passphrase"})
    browser = hvac.Client(url=root.url)
    browser.auth.userpass.login(name, "a passphrase")
    entity = browser.auth.token.lookup_self()["data"]["entity_id"]
    root.write_data(f"identity/group/name/{ADMIN_GROUP}", data={"member_entity_ids": [entity]})
    return browser


def test_an_engine_of_another_kind_is_refused(stand: Stand) -> None:
    stand.client.sys.disable_secrets_engine("secret")
    stand.client.sys.enable_secrets_engine("transit", path="secret")
    try:
        with pytest.raises(ValueError, match="is of type transit, not kv"):
            configure(stand.client, GRAPH, stand.wanted, told=lambda _: None)
    finally:
        stand.client.sys.disable_secrets_engine("secret")
        configure(stand.client, GRAPH, stand.wanted, told=lambda _: None)


def test_root_is_gone_and_a_later_run_signs_in_by_kubernetes(stand: Stand) -> None:
    revoke(stand.client)
    with pytest.raises(hvac.exceptions.Forbidden):
        stand.client.read("sys/mounts")
    later = stand.login("vault-bootstrap")

    assert configure(later, GRAPH, stand.wanted, told=lambda _: None) == 0
    assert not _reads(later, "database/creds/web")
    assert not _reads(later, "secret/data/todo-app/web")
