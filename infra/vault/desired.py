"""What Vault shall hold, as paths and data: mounts, policies, roles of the service graph's identities, the issuer."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.graph.model import Graph

Data = dict[str, Any]

KV, DATABASE, KUBERNETES, USERS = "secret", "database", "kubernetes", "userpass"
CONNECTION = "todo"
ISSUER, CLIENT, SCOPE = "slipway", "todo-app", "groups"
# Asked for the code of a sign-in; below /ui/vault/ Vault's own web pages, or ours, ask a person before.
AUTHORIZE = f"identity/oidc/provider/{ISSUER}/authorize"
PAGE = f"/ui/vault/{AUTHORIZE}"
# A program that acts for a person asks for it as well; what it may do the person may, and the word narrows it further.
API_SCOPE, API_MAY = "todos", '{"scope": "profile:read todos:read todos:write"}'
PEOPLE = '{"groups": {{identity.entity.groups.names}}, "preferred_username": {{identity.entity.name}}}'
# Whose pods send people to the issuer, and therefore know the client's secret.
SIGNS_IN = "web"
# Group of PostgreSQL → what its members may do; `postgres.py` makes them.
OWNER, WRITER, RELAY = "todo_owner", "todo_writer", "todo_relay"
# Migrations and the keeping of partitions change the schema; the relay sees events and nothing else.
MEMBER = {"web": WRITER, "run-due-todos": WRITER, "relay": RELAY, "migrate": OWNER, "maintenance": OWNER}
# A login lives for a time, in seconds; a Job's no longer than the Job may. Who stays asks for the next one when 16 to
# 18 minutes of the hour are left, so Vault may be away for ten at any time. A longer life in all (max_ttl) would leave
# 8 of them once a day: the last prolongation before it is a short one. So a login has one life, and the token it hangs
# on is renewed in full for as long as its pod lives.
HOUR, QUARTER = 3600, 900
LIFE = {"web": HOUR, "relay": HOUR}
# Device → file: a volume of its own, and what the container prints, which the node keeps. While one of them can be
# written requests go on; when none can, none is answered.
AUDIT = {"file": "/vault/audit/audit.log", "log": "stdout"}
ADMIN_GROUP = "todo-admins"


# Who else signs in, each as a service account of its own name: namespace and what its policy allows.
READ, WRITE = ["read"], ["create", "read", "update"]
SERVICES: Mapping[str, tuple[str, Mapping[str, list[str]]]] = {
    # It writes policies, so it could give itself anything: what it does is in the audit.
    "vault-bootstrap": (
        "vault",
        {
            **{f"sys/{part}": ["read", "list"] for part in ("mounts", "auth")},
            **{f"sys/{part}/*": [*WRITE, "sudo"] for part in ("mounts", "auth", "policies/acl")},
            "sys/audit": ["read", "list", "sudo"],
            "sys/audit/*": [*WRITE, "sudo"],
            **{f"auth/{KUBERNETES}/{part}": WRITE for part in ("config", "role/*")},
            f"auth/{USERS}/users/*": WRITE,
            **{f"identity/oidc/{part}/*": WRITE for part in ("key", "scope", "client", "provider")},
            **{f"identity/{part}/name/*": WRITE for part in ("group", "entity")},
            "identity/entity-alias": ["create", "update"],
        },
    ),
    # `create` without `update`: what somebody has put there is never overwritten, nor ever read.
    "vault-database": (
        "data",
        {
            f"{DATABASE}/config/{CONNECTION}": WRITE,
            f"{DATABASE}/rotate-root/{CONNECTION}": ["update"],
            f"{DATABASE}/roles/*": WRITE,
            f"{KV}/data/todo-app/*": ["create"],
            f"{KV}/metadata/todo-app/*": READ,
        },
    ),
    "vault-snapshot": ("vault", {"sys/storage/raft/snapshot": READ}),
    "vault-restore": ("vault", {"sys/storage/raft/snapshot-force": ["update"]}),
    "vault-doctor": (
        "vault",
        {f"sys/leases/lookup/{DATABASE}/creds/*": ["list", "sudo"], "sys/leases/lookup": ["update"]},
    ),
}


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What differs by cluster. `reviewer_jwt` empty: Vault's own service account asks whose token it was shown.

    `address` is Vault's own, as the issuer of tokens names itself; `people` are users and the groups they are in.
    """

    kubernetes_host: str
    kubernetes_ca: str = ""
    reviewer_jwt: str = ""
    address: str = "https://vault.vault.svc:8200"
    redirects: tuple[str, ...]
    people: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    audit: Mapping[str, str] = field(default_factory=lambda: AUDIT)


def identities(graph: Graph) -> dict[str, tuple[str, str]]:
    """Name → namespace and service account of the app's workloads that the graph lets call Vault."""
    names = [name for name in graph.callers("vault", "api") if name in MEMBER]
    return {name: (graph.workloads[name].namespace, graph.workloads[name].account) for name in names}


def policies(graph: Graph) -> dict[str, str]:
    """Name → text: each identity its own credentials and its own secrets, nobody another's."""
    own = {name: {f"{DATABASE}/creds/{name}": READ, **_secrets(name)} for name in identities(graph)}
    own[SIGNS_IN][f"identity/oidc/client/{CLIENT}"] = READ
    found = {name: _policy(paths) for name, paths in own.items()}
    return found | {name: _policy(paths) for name, (_, paths) in SERVICES.items()}


def _secrets(name: str) -> dict[str, list[str]]:
    """Its secrets, and what an agent needs to keep a login alive; the policy `default` would give more."""
    return {
        **{f"{KV}/data/todo-app/{part}": ["read"] for part in ("common", name)},
        "auth/token/lookup-self": ["read"],
        **{path: ["update"] for path in ("auth/token/renew-self", "auth/token/revoke-self", "sys/leases/renew")},
    }


def _policy(paths: Mapping[str, list[str]]) -> str:
    lines = [f'path "{path}" {{ capabilities = [{_quoted(verbs)}] }}\n' for path, verbs in paths.items()]
    return "".join(lines)


def _quoted(words: list[str]) -> str:
    return ", ".join(f'"{word}"' for word in words)


def roles(graph: Graph) -> Iterator[tuple[str, Data]]:
    """Who may sign in with a token of which service account; a token for another audience is none of ours."""
    services = {name: (namespace, name) for name, (namespace, _) in SERVICES.items()}
    for name, (namespace, account) in (identities(graph) | services).items():
        yield (
            f"auth/{KUBERNETES}/role/{name}",
            {
                "bound_service_account_names": [account],
                "bound_service_account_namespaces": [namespace],
                "audience": "vault",
                "token_policies": [name],
                "token_no_default_policy": True,
                "token_ttl": LIFE.get(name, QUARTER),
                "token_max_ttl": 0 if name in LIFE else QUARTER,
                "token_period": LIFE.get(name, 0),
            },
        )


def logins(graph: Graph) -> Iterator[tuple[str, Data]]:
    """How PostgreSQL's users come and go, each a member of one group and nothing more."""
    for name in identities(graph):
        group = MEMBER[name]
        login = "CREATE ROLE \"{{name}}\" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'"
        made = [f'{login} IN ROLE "{group}" CONNECTION LIMIT 100']
        if group == OWNER:
            # What it makes must outlive it, so it belongs to the group.
            made.append(f'ALTER ROLE "{{{{name}}}}" SET role = "{OWNER}"')
        if group == RELAY:
            made.append(f'GRANT SELECT, UPDATE ON outbox_event TO "{RELAY}"')
            made.append(f'GRANT SELECT, INSERT, UPDATE ON outbox_lease TO "{RELAY}"')
        ended = [
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{{name}}'",
            'DROP ROLE IF EXISTS "{{name}}"',
        ]
        yield (
            f"{DATABASE}/roles/{name}",
            {
                "db_name": CONNECTION,
                "creation_statements": made,
                "revocation_statements": ended,
                "default_ttl": LIFE.get(name, QUARTER),
                "max_ttl": LIFE.get(name, QUARTER),
            },
        )


def scopes() -> Iterator[tuple[str, Data]]:
    """What the issuer's tokens carry, by what was asked for."""
    told = {SCOPE: (PEOPLE, "the user's name and the names of their groups"), API_SCOPE: (API_MAY, "use of the API")}
    for name, (template, description) in told.items():
        yield f"identity/oidc/scope/{name}", {"template": template, "description": description}


def provider(client_id: str, wanted: Wanted) -> tuple[str, Data]:
    """The OIDC provider, with one client."""
    data = {"allowed_client_ids": [client_id], "scopes_supported": [SCOPE, API_SCOPE], "issuer": wanted.address}
    return f"identity/oidc/provider/{ISSUER}", data


def issuer_of(wanted: Wanted) -> str:
    """How its tokens name it, and where its discovery is."""
    return f"{wanted.address}/v1/identity/oidc/provider/{ISSUER}"


def client(wanted: Wanted) -> tuple[str, Data]:
    """The service as the provider's client."""
    return (
        f"identity/oidc/client/{CLIENT}",
        {
            "key": ISSUER,
            "client_type": "confidential",
            "redirect_uris": list(wanted.redirects),
            "assignments": ["allow_all"],
            "id_token_ttl": QUARTER,
            "access_token_ttl": QUARTER,
        },
    )
