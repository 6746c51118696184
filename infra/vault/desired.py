"""What Vault shall hold, as paths and data: mounts, policies, roles of the service graph's identities, the issuer."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.graph.model import Graph

Data = dict[str, Any]

KV, DATABASE, KUBERNETES, USERS = "secret", "database", "kubernetes", "userpass"
CONNECTION = "todo"
ISSUER, CLIENT, SCOPE = "slipway", "todo-app", "groups"
# Group of PostgreSQL → what its members may do; `postgres.py` makes them.
OWNER, WRITER, RELAY = "todo_owner", "todo_writer", "todo_relay"
# Migrations and the keeping of partitions change the schema; the relay sees events and nothing else.
MEMBER = {"web": WRITER, "run-due-todos": WRITER, "relay": RELAY, "migrate": OWNER, "maintenance": OWNER}
# A login lives for a time, in seconds; a Job's no longer than the Job may.
HOUR, QUARTER = 3600, 900
LIFE = {"web": HOUR, "relay": HOUR}
ADMIN_GROUP = "todo-admins"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What differs by cluster. `reviewer_jwt` empty: Vault's own service account asks whose token it was shown."""

    kubernetes_host: str
    kubernetes_ca: str = ""
    reviewer_jwt: str = ""
    database: str
    database_user: str = "vault"
    redirects: tuple[str, ...]
    bootstrap_namespace: str = "vault"
    audit: Mapping[str, str] = field(default_factory=lambda: {"file": "/vault/audit/audit.log", "log": "stdout"})


def identities(graph: Graph) -> dict[str, tuple[str, str]]:
    """Name → namespace and service account of everybody the graph lets call Vault."""
    names = graph.callers("vault", "api")
    return {name: (graph.workloads[name].namespace, graph.workloads[name].account) for name in names}


def policies(graph: Graph) -> dict[str, str]:
    """Name → text: each identity its own credentials and its own secrets, nobody another's."""
    found = {name: _policy({f"{DATABASE}/creds/{name}": ["read"], **_secrets(name)}) for name in identities(graph)}
    found["vault-bootstrap"] = _policy(
        {
            **{f"sys/{part}": ["read", "list"] for part in ("mounts", "auth")},
            **{f"sys/{part}/*": ["create", "read", "update", "sudo"] for part in ("mounts", "auth", "policies/acl")},
            "sys/audit": ["read", "list", "sudo"],
            "sys/audit/*": ["create", "read", "update", "sudo"],
            **{f"auth/{KUBERNETES}/{part}": ["create", "read", "update"] for part in ("config", "role/*")},
            **{f"{DATABASE}/{part}/*": ["create", "read", "update"] for part in ("config", "roles")},
            **{
                f"identity/oidc/{part}/*": ["create", "read", "update"]
                for part in ("key", "scope", "client", "provider")
            },
            "identity/group/name/*": ["create", "read", "update"],
        }
    )
    return found


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


def roles(graph: Graph, wanted: Wanted) -> Iterator[tuple[str, Data]]:
    """Who may sign in with a token of which service account; a token for another audience is none of ours."""
    everybody = {**identities(graph), "vault-bootstrap": (wanted.bootstrap_namespace, "vault-bootstrap")}
    for name, (namespace, account) in everybody.items():
        yield (
            f"auth/{KUBERNETES}/role/{name}",
            {
                "bound_service_account_names": [account],
                "bound_service_account_namespaces": [namespace],
                "audience": "vault",
                "token_policies": [name],
                "token_no_default_policy": name != "vault-bootstrap",
                "token_ttl": LIFE.get(name, QUARTER),
                "token_max_ttl": 24 * HOUR if name in LIFE else QUARTER,
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
                "max_ttl": 24 * HOUR if name in LIFE else QUARTER,
            },
        )


def issuer(client_id: str) -> Iterator[tuple[str, Data]]:
    """The OIDC provider; its tokens carry the groups their user is in."""
    yield (
        f"identity/oidc/scope/{SCOPE}",
        {"template": '{"groups": {{identity.entity.groups.names}}}', "description": "names of the user's groups"},
    )
    yield (
        f"identity/oidc/provider/{ISSUER}",
        {
            "allowed_client_ids": [client_id],
            "scopes_supported": [SCOPE],
        },
    )


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
