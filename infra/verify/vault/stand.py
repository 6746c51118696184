"""Vault configured by the product's own Jobs, beside PostgreSQL and what Kubernetes would say of tokens."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hvac  # type: ignore[import-untyped] # ships no types

from infra.graph.load import service_graph
from infra.lib import gotool
from infra.lib.report import silent
from infra.vault import database as databases
from infra.vault import postgres
from infra.vault.bootstrap import configure
from infra.vault.desired import ADMIN_GROUP, SERVICES, Wanted, identities
from infra.verify.vault import servers
from infra.verify.vault.database import Postgres
from infra.verify.vault.database import postgres as database_of
from infra.verify.vault.servers import Kubernetes

GRAPH = service_graph()
REDIRECT = "https://todo.example.com/callback"
# What the service has by the time somebody asks for a login.
TABLES = (
    "CREATE TABLE todos_todo (id bigserial PRIMARY KEY, title text)",
    "CREATE TABLE outbox_event (id bigserial PRIMARY KEY, type text)",
    "CREATE TABLE outbox_lease (name text PRIMARY KEY)",
    "INSERT INTO outbox_event (type) VALUES ('todo.created')",
)


@dataclass(frozen=True)
class Stand:
    """The three servers, and how the Jobs are told of them."""

    client: Any
    database: Postgres
    cluster: Kubernetes
    wanted: Wanted
    first: list[str]
    address: str

    def login(self, name: str) -> Any:  # noqa: ANN401 - hvac has no types
        """Signed in as a workload of the graph, or as one of the platform's own."""
        return self.login_with(name, self.cluster.token(*account_of(name)))

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


def account_of(name: str) -> tuple[str, str]:
    """Namespace and service account of somebody who signs in."""
    services = {service: (namespace, service) for service, (namespace, _) in SERVICES.items()}
    return (identities(GRAPH) | services)[name]


def wanted_of(cluster: Kubernetes, *, address: str, audit: dict[str, str]) -> Wanted:
    """As the Job `vault-bootstrap` wants it, of servers on loopback."""
    return Wanted(
        kubernetes_host=cluster.url,
        reviewer_jwt=cluster.token("vault", "vault"),
        address=address,
        redirects=(REDIRECT,),
        people={"ada": (ADMIN_GROUP,), "ben": ()},
        audit=audit,
    )


@contextmanager
def stand(folder: Path) -> Iterator[Stand]:
    """`folder` must be readable by PostgreSQL's own user."""
    program = gotool.ensure("vault", report=silent, log=folder / "build.log")
    with (
        database_of(folder / "postgresql") as database,
        servers.kubernetes() as cluster,
        servers.vault(program, folder / "raft") as client,
    ):
        password = secrets.token_urlsafe(24)
        database.run(*TABLES)

        def new_password() -> str:
            database.run(*postgres.statements(user="vault", password=password, superuser="todo"))
            return password

        audit = {name: str(folder / f"{name}.log") for name in ("first", "second")}
        wanted = wanted_of(cluster, address=client.url, audit=audit)
        told: list[str] = []
        configure(client, GRAPH, wanted, told=told.append)
        address = f"127.0.0.1:{database.port}/todo?sslmode=disable"
        databases.configure(client, GRAPH, address=address, new_password=new_password, told=told.append)
        yield Stand(client, database, cluster, wanted, told, address)
