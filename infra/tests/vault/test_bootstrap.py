"""The bootstrap on a real Vault and a real PostgreSQL: idempotent, least privilege, no root left."""

import base64
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import hvac  # type: ignore[import-untyped] # ships no types
import psycopg
import pytest

from infra.tests.vault.test_postgres import allowed, done
from infra.vault import database as databases
from infra.vault import postgres
from infra.vault.bootstrap import client_id, configure, revoke
from infra.vault.desired import ADMIN_GROUP, CLIENT, ISSUER, MEMBER
from infra.vault.people import set_password, without_password
from infra.verify.vault.stand import GRAPH, REDIRECT, Stand
from infra.verify.vault.stand import stand as stand_of

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    """Configured once as root; root is revoked by the test that comes last."""
    with tempfile.TemporaryDirectory(prefix="slipway-vault-") as name:
        Path(name).chmod(0o755)  # PostgreSQL runs as a user of its own
        with stand_of(Path(name)) as made:
            yield made


def test_the_first_run_writes_and_the_second_writes_nothing(stand: Stand) -> None:
    again: list[str] = []

    assert len(stand.first) > 25
    assert configure(stand.client, GRAPH, stand.wanted, told=again.append) == 0
    assert _databases(stand, again) == 0
    assert again == []


def _databases(stand: Stand, told: list[str], *, password: str = "") -> int:
    """The other Job; by a password only when Vault cannot sign in any more."""

    def new_password() -> str:
        assert password, "asked for a password although the connection works"
        stand.database.run(*postgres.statements(user="vault", password=password, superuser="todo"))
        return password

    client = stand.login("vault-database")
    return databases.configure(client, GRAPH, address=stand.address, new_password=new_password, told=told.append)


def test_a_password_that_somebody_changed_in_the_database_is_made_anew(stand: Stand) -> None:
    stand.database.run("ALTER ROLE vault PASSWORD 'another'")
    told: list[str] = []

    assert _databases(stand, told, password="once more") == 1
    assert stand.user("web")


def test_the_databases_job_puts_the_apps_secrets_once_and_cannot_read_them(stand: Stand) -> None:
    client = stand.login("vault-database")
    secret = {"django-secret-key": "canary", "redis-password": "word", "admin-password": "first"}

    assert databases.ensure_secrets(client, secret, told=lambda _: None) == 2
    assert databases.ensure_secrets(client, {**secret, "django-secret-key": "other"}, told=lambda _: None) == 0
    found = stand.login("web").read("secret/data/todo-app/common")["data"]["data"]
    assert found == {"django-secret-key": "canary", "redis-password": "word"}
    for path in ("common", "migrate"):
        assert not _reads(client, f"secret/data/todo-app/{path}")
        with pytest.raises(hvac.exceptions.Forbidden):
            client.write_data(f"secret/data/todo-app/{path}", data={"data": {"django-secret-key": "forged"}})


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


@pytest.mark.parametrize(("person", "groups"), [("ada", [ADMIN_GROUP]), ("ben", [])])
def test_the_issuers_token_carries_the_groups_of_its_user(stand: Stand, person: str, groups: list[str]) -> None:
    claims = _claims(stand, person, "openid groups")

    assert (claims["groups"] or []) == groups  # Vault tells nobody's groups as null
    assert claims["aud"] == client_id(stand.client)
    assert claims["iss"] == f"{stand.wanted.address}/v1/identity/oidc/provider/{ISSUER}"
    assert "scope" not in claims


def test_a_token_for_the_api_says_what_it_may_do_there(stand: Stand) -> None:
    assert "todos:write" in _claims(stand, "ben", "openid groups todos")["scope"].split()


def _claims(stand: Stand, person: str, scope: str) -> dict[str, Any]:
    """What is in the token that a person's sign-in ends with."""
    browser = _person(stand, person)
    made = stand.client.read(f"identity/oidc/client/{CLIENT}")["data"]
    query = {
        "scope": scope,
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
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(answer["id_token"].split(".")[1] + "=="))
    return claims


def _person(stand: Stand, name: str) -> Any:  # noqa: ANN401 - hvac has no types
    """Somebody who signs in by password."""
    if without_password(stand.client, {name: ()}):
        set_password(stand.client, name, "a passphrase")
    browser = hvac.Client(url=stand.client.url)
    browser.auth.userpass.login(name, "a passphrase")
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
