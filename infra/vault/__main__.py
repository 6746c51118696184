"""The Jobs that bring Vault to what the service graph says. `python -m infra.vault certificates|bootstrap|database`.

VAULT_ADDR, VAULT_CACERT  where Vault is, and the certificate of its authority
VAULT_SPEC                JSON, by command:
  certificates            {"namespace", "names": [...], "known_in": [namespaces that get ConfigMap vault-ca]}
  bootstrap               {"kept_in", "app_namespace", "redirects": [...], "people": {name: [group, ...]}, "address"}
  database                {"app_namespace", "app_secret", "name", "superuser"}; the server is DATABASE_HOST
VAULT_DEADLINE            seconds to wait for what is still missing (150)
Ends with 0 when all is so, 1 when something refuses. Says what it wrote, never a value.
"""

import json
import os
import secrets
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hvac  # type: ignore[import-untyped] # ships no types
import psycopg
from psycopg import sql

from infra.graph.load import service_graph
from infra.vault import bootstrap, certificates, database, first, people, postgres
from infra.vault.cluster import Api, RefusedError
from infra.vault.desired import Wanted, issuer_of

TLS, AUTHORITY, USERS, ISSUER_MAP = "vault-tls", "vault-ca", "vault-users", "vault-issuer"
# Of the pod: a token for Vault alone, and the password of the database's superuser.
TOKEN = Path("/run/vault-token/token")
PASSWORD = Path("/run/secrets/postgresql/password")
DEADLINE = 150.0

Spec = dict[str, Any]


def make_certificates(api: Api, spec: Spec) -> None:
    """A certificate for Vault unless there is a good one, and its authority where it must be known."""
    names = tuple(spec["names"])
    now = datetime.now(UTC)
    kept = api.secret(spec["namespace"], TLS)
    pair = certificates.Pair(*(kept.get(key, b"") for key in ("ca.crt", "tls.crt", "tls.key")))
    if not certificates.lasts(pair, names, now=now):
        pair = certificates.make(names, now=now)
        values = {"ca.crt": pair.authority, "tls.crt": pair.certificate, "tls.key": pair.key}
        api.keep_secret(spec["namespace"], TLS, values)
        _say(f"made a certificate for {', '.join(names)}")
    for namespace in spec["known_in"]:
        api.keep_config_map(namespace, AUTHORITY, {"ca.crt": pair.authority.decode()})


def make_configuration(api: Api, spec: Spec) -> None:
    """From nothing to a configured Vault without a root token."""
    end, namespace, client = _deadline(), spec["kept_in"], _client()
    first.answering(client, deadline=end)
    first.initialise(client, api, namespace, told=_say)
    first.unsealed(client, deadline=end)
    root = first.sign_in(client, api, namespace, role="vault-bootstrap", token=_token())
    wanted = Wanted(
        kubernetes_host="https://kubernetes.default.svc",
        address=spec["address"],
        redirects=tuple(spec["redirects"]),
        people={name: tuple(groups) for name, groups in spec["people"].items()},
    )
    bootstrap.configure(client, service_graph(), wanted, told=_say)
    _let_in(client, api, namespace, wanted)
    issuer = {
        "issuer": issuer_of(wanted),
        "audience": bootstrap.client_id(client),
    }
    api.keep_config_map(spec["app_namespace"], ISSUER_MAP, issuer)
    if root:
        first.end_root(client, api, namespace)
        _say("revoked the root token")
    else:
        first.forget_root(api, namespace)


def _let_in(client: Any, api: Api, namespace: str, wanted: Wanted) -> None:  # noqa: ANN401 - hvac has no types
    """Passwords for those who have none; kept before Vault has them, so that none is ever lost."""
    kept = api.secret(namespace, USERS)
    missing = people.without_password(client, wanted.people)
    made = {name: kept.get(name) or secrets.token_urlsafe(18).encode() for name in missing}
    if made:
        api.keep_secret(namespace, USERS, {**kept, **made})
    for name, password in made.items():
        people.set_password(client, name, password.decode())
        _say(f"user {name}")


def make_database(api: Api, spec: Spec) -> None:
    """Groups and Vault's own user in PostgreSQL, the connection, the roles, the app's secrets."""
    host, name, superuser = os.environ["DATABASE_HOST"], spec["name"], spec["superuser"]
    client = _client()
    first.unsealed(client, deadline=_deadline())
    client.auth.kubernetes.login(role="vault-database", jwt=_token())

    def run(password: str) -> str:
        secret = PASSWORD.read_text(encoding="utf-8").strip()
        with psycopg.connect(host=host, dbname=name, user=superuser, password=secret, connect_timeout=10) as session:
            for statement in postgres.statements(user="vault", password=password, superuser=superuser):
                session.execute(sql.SQL(statement))
        return password

    run("")
    address = f"{host}:5432/{name}?sslmode=disable"
    new = lambda: run(secrets.token_urlsafe(32))  # noqa: E731 - one line says it
    database.configure(client, service_graph(), address=address, new_password=new, told=_say)
    found = api.secret(spec["app_namespace"], spec["app_secret"])
    database.ensure_secrets(client, {key: value.decode() for key, value in found.items()}, told=_say)


COMMANDS = {"certificates": make_certificates, "bootstrap": make_configuration, "database": make_database}


def main(arguments: list[str]) -> int:
    """Run by the image; see the top of this file."""
    if len(arguments) != 1 or arguments[0] not in COMMANDS:
        sys.stderr.write(f"want one of {', '.join(COMMANDS)}\n")
        return 2
    try:
        COMMANDS[arguments[0]](Api.in_cluster(), json.loads(os.environ["VAULT_SPEC"]))
    except (RefusedError, first.StuckError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except psycopg.Error as error:
        # Its first line only: the next ones may repeat a statement.
        sys.stderr.write(f"PostgreSQL: {(str(error).splitlines() or [''])[0]}\n")
        return 1
    except hvac.exceptions.VaultError as error:
        sys.stderr.write(f"Vault refused: {type(error).__name__} {error.method} {error.url}: {error.errors}\n")
        return 1
    return 0


def _client() -> Any:  # noqa: ANN401 - hvac has no types
    return hvac.Client(url=os.environ["VAULT_ADDR"], verify=os.environ["VAULT_CACERT"], timeout=10)


def _token() -> str:
    return TOKEN.read_text(encoding="ascii").strip()


def _deadline() -> float:
    return time.monotonic() + float(os.environ.get("VAULT_DEADLINE", DEADLINE))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
