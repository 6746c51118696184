"""What a running instance's pods have of Vault: their files, the database's users, how long a login lives."""

import hashlib
import json

from infra.components.places import DATA_NAMESPACE
from infra.vault.__main__ import USERS
from infra.vault.first import RECOVERY
from infra.verify.bed import Bed

KEPT, KEPT_IN = (RECOVERY, USERS), DATA_NAMESPACE
FILES = "/run/secrets/todo-app"
AT_WORK = "SELECT DISTINCT usename FROM pg_stat_activity WHERE usename LIKE 'v-%'"
ROLLOUT = 170  # seconds


def in_pod(bed: Bed, component: str, *command: str) -> str:
    """The output of a command in the container of web or relay."""
    return bed.kubectl("-n", "todo", "exec", f"deployment/todo-app-{component}", "-c", component, "--", *command)


def in_web(bed: Bed, *command: str) -> str:
    """The output of a command in the web container."""
    return in_pod(bed, "web", *command)


def login(bed: Bed, component: str = "web") -> str:
    """The database's user that the pods of a component have now."""
    return in_pod(bed, component, "cat", f"{FILES}/database-login").partition("\n")[0]


def password_of(bed: Bed, person: str) -> str:
    """By which somebody signs in at Vault, as the Job vault-bootstrap has made it."""
    template = f'{{{{index .data "{person}" | base64decode}}}}'
    return bed.kubectl("-n", KEPT_IN, "get", "secret", USERS, "-o", f"go-template={template}")


def opens_vault(bed: Bed) -> dict[str, str]:
    """The Secrets with recovery keys and first passwords that are there, by a digest of what is in them."""
    return {
        each["metadata"]["name"]: hashlib.sha256(json.dumps(each["data"], sort_keys=True).encode()).hexdigest()
        for each in bed.objects("secrets", "-n", KEPT_IN)
        if each["metadata"]["name"] in KEPT
    }


def query(bed: Bed, statement: str) -> str:
    """As the superuser, inside PostgreSQL's pod."""
    script = "PGPASSWORD=$(cat /run/secrets/postgresql/password) exec psql -U todo -d todo -At"
    where = ("-n", "data", "exec", "-i", "statefulset/postgresql", "-c", "postgresql")
    return bed.kubectl(*where, "--", "sh", "-euc", script, given=f"{statement}\n").strip()


def set_life(bed: Bed, seconds: int, component: str = "web") -> None:
    """How long logins of a component live from now on, by who configures the database in Vault; then new pods."""
    token = bed.kubectl("-n", "data", "create", "token", "vault-database", "--audience=vault", "--duration=600s")
    script = (
        "read -r jwt; token=$(vault write -field=token auth/kubernetes/login role=vault-database jwt=$jwt);"
        f" VAULT_TOKEN=$token vault write database/roles/{component} default_ttl={seconds} max_ttl={seconds}"
    )
    bed.kubectl("-n", "vault", "exec", "-i", "vault-0", "-c", "vault", "--", "sh", "-euc", script, given=f"{token}\n")
    restart(bed, component)
    rolled(bed, component, seconds=ROLLOUT)


def restart(bed: Bed, component: str) -> None:
    """New pods, the old ones until those are ready."""
    bed.kubectl("-n", "todo", "rollout", "restart", f"deployment/todo-app-{component}")


def rolled(bed: Bed, component: str, *, seconds: int) -> None:
    """Until the new pods are ready and the old ones are no longer wanted; BedError after so many seconds."""
    words = ("rollout", "status", f"deployment/todo-app-{component}", f"--timeout={seconds}s")
    bed.kubectl("-n", "todo", *words, deadline=seconds + 10)
