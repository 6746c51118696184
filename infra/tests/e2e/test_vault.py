"""Profile standard: Vault unsealed unaided, nobody with root, logins by identity, sign-in at its issuer."""

import base64
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.lib.kube import Kube, KubeError
from infra.slipway.vault_api import NAMESPACE, Vault
from infra.verify.bed import Bed

# Seconds until a killed Vault serves again, unaided.
RECOVERY = 90.0
PROVIDER = "identity/oidc/provider/slipway"


@pytest.fixture(scope="module")
def kube(standard: Bed) -> Iterator[Kube]:
    """Its API."""
    made = Kube(kubeconfig=standard.instance.kubeconfig)
    yield made
    made.close()


@pytest.fixture
def vault(kube: Kube) -> Vault:
    """As an administrator of the cluster reaches it; signs in anew in each test."""
    return Vault(kube)


def secret(kube: Kube, name: str, namespace: str = NAMESPACE) -> dict[str, str]:
    found = kube.get("v1", "Secret", namespace, name) or {}
    return {key: base64.b64decode(value).decode() for key, value in (found.get("data") or {}).items()}


def login(vault: Vault, role: str) -> Any:  # noqa: ANN401 - any JSON
    """A login of the database, asked for as the workload's own account."""
    return vault.ask(f"todo-app-{role}", "GET", f"database/creds/{role}", namespace="todo", role=role)


def test_it_is_unsealed_and_nobody_holds_root(vault: Vault, kube: Kube) -> None:
    assert vault.health("vault-0") == {**(vault.health("vault-0") or {}), "initialized": True, "sealed": False}
    kept = secret(kube, "vault-recovery", "data")
    assert list(kept) == ["recovery-keys"]
    assert len(json.loads(kept["recovery-keys"])) == 5


def test_a_workload_gets_its_own_login_and_no_other(vault: Vault, standard: Bed) -> None:
    given = login(vault, "web")
    user = given["data"]["username"]
    asked = "SELECT r.rolname FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid JOIN pg_roles u ON"
    sql = f"{asked} u.oid = m.member WHERE u.rolname = '{user}'"

    assert given["lease_duration"] <= 3600
    assert sql_of(standard, sql) == "todo_writer"
    with pytest.raises(KubeError) as refused:
        vault.ask("todo-app-web", "GET", "database/creds/relay", namespace="todo", role="web")
    assert refused.value.http == 403
    with pytest.raises(KubeError):
        vault.ask("todo-app-relay", "GET", "database/creds/web", namespace="todo", role="web")


def sql_of(bed: Bed, statement: str) -> str:
    script = 'PGPASSWORD=$(cat /run/secrets/postgresql/password) exec psql -h 127.0.0.1 -U todo -d todo -Atc "$1"'
    return bed.kubectl("-n", "data", "exec", "postgresql-0", "--", "sh", "-c", script, "sh", statement).strip()


def test_the_apps_secrets_are_those_of_profile_mini(vault: Vault, kube: Kube) -> None:
    common = vault.ask("todo-app-web", "GET", "secret/data/todo-app/common", namespace="todo", role="web")
    before = secret(kube, "todo-app", "todo")

    assert common["data"]["data"] == {key: before[key] for key in ("django-secret-key", "redis-password")}


@pytest.mark.parametrize("person", ["ada", "ben"])
def test_a_person_signs_in_and_gets_a_code_for_the_service(vault: Vault, kube: Kube, person: str) -> None:
    word = secret(kube, "vault-users", "data")[person]
    told = (kube.get("v1", "ConfigMap", "todo", "vault-issuer") or {})["data"]
    token = vault.request("POST", f"auth/userpass/login/{person}", body={"password": word})["auth"]["client_token"]
    [job] = kube.find_all("batch/v1", "Job", NAMESPACE, labels="app.kubernetes.io/name=vault-bootstrap")
    [container] = job["spec"]["template"]["spec"]["containers"]
    environment = {each["name"]: each.get("value", "") for each in container["env"]}
    [redirect, *_] = json.loads(environment["VAULT_SPEC"])["redirects"]
    query = {"client_id": told["audience"], "response_type": "code", "scope": "openid groups", "nonce": "n"}
    query |= {"state": "s", "redirect_uri": redirect}

    assert vault.request("GET", f"{PROVIDER}/authorize", token=token, params=query)["code"]
    assert told["issuer"] == f"https://vault.vault.svc:8200/v1/{PROVIDER}"
    with pytest.raises(KubeError):
        vault.request("POST", f"auth/userpass/login/{person}", body={"password": "a guess"})


def test_killed_with_what_unseals_it_both_come_back_unaided(standard: Bed, vault: Vault) -> None:
    def unsealing() -> dict[str, Any]:
        status = json.loads((Path(standard.instance.run) / "status.json").read_text(encoding="utf-8"))
        return next(each for each in status["components"] if each["name"] == "vault-unseal")

    before = unsealing()["restarts"]
    children = Path("/proc").glob("[0-9]*/cmdline")
    mine = str(standard.instance.state / "unseal" / "vault.hcl").encode()
    victims = [int(file.parent.name) for file in children if mine in _read(file)]
    standard.kubectl("-n", NAMESPACE, "delete", "pod", "vault-0", "--grace-period=0", "--force", "--wait=false")
    assert len(victims) == 1
    os.kill(victims[0], signal.SIGKILL)

    standard.wait("what unseals is started again", lambda: unsealing()["restarts"] > before, deadline=RECOVERY)
    standard.wait("Vault is unsealed", lambda: _unsealed(vault), deadline=RECOVERY)
    assert login(vault, "relay")["data"]["username"]


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""


def _unsealed(vault: Vault) -> bool:
    health = vault.health("vault-0")
    return bool(health and health["initialized"] and not health["sealed"])


def test_a_snapshot_brings_back_what_was(standard: Bed, vault: Vault, tmp_path: Path) -> None:
    file = tmp_path / "snapshot"
    assert standard.call("vault", "snapshot", str(file), deadline=120).code == 0
    assert file.stat().st_mode & 0o077 == 0
    damaged = tmp_path / "damaged"
    damaged.write_bytes(file.read_bytes()[:-100])
    assert standard.call("vault", "restore", str(damaged), "--yes", deadline=60).code == 2

    assert standard.call("vault", "restore", str(file), "--yes", deadline=120).code == 0
    standard.wait("Vault serves again", lambda: _unsealed(vault), deadline=RECOVERY)
    found = vault.ask("todo-app-web", "GET", "secret/data/todo-app/common", namespace="todo", role="web")
    assert set(found["data"]["data"]) == {"django-secret-key", "redis-password"}


def test_doctor_knows_vault(standard: Bed) -> None:
    told = [json.loads(line) for line in standard.call("doctor", "--json", deadline=240).out.splitlines()]

    assert [each["level"] for each in told if each["subject"] in {"vault", "vault-ca"}] == ["ok", "ok"]
