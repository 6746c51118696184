"""PostgreSQL with a volume, tuned for little memory; works with the upstream image and with ours."""

from dataclasses import dataclass

import pulumi

from infra.components.hardening import exec_probe, resources
from infra.components.stateful_service import Placement, Probes, StatefulService, StatefulServiceArgs
from infra.settings.data import DataSettings

PORT = 5432
DATABASE = USER = "todo"
SECRET = "postgresql"  # noqa: S105 - the name of a Secret
UID = 999  # of the upstream image
FOLDER = "/var/lib/postgresql/data"
# By TCP: while the image sets the database up it listens on a socket only, and is not ready.
READY = f"pg_isready --quiet --host 127.0.0.1 --username {USER} --dbname {DATABASE}"
# Status 1 is "rejecting connections", as in crash recovery: alive. 2 is no answer.
ALIVE = f"{READY}; test $? -ne 2"
# The Secret is the truth: data kept from an earlier life, or a Secret somebody changed, must not lock the service out.
# Single-user mode asks for no password and runs before anybody can connect.
REKEY = (
    'if [ -s "$PGDATA/PG_VERSION" ]; then '
    'password=$(sed "s/\'/\'\'/g" "$POSTGRES_PASSWORD_FILE") && '
    'printf "ALTER ROLE \\"%s\\" PASSWORD \'%s\';\\n" "$POSTGRES_USER" "$password" '
    '| postgres --single -D "$PGDATA" -c shared_buffers=4MB -c password_encryption=scram-sha-256 "$POSTGRES_DB" '
    '>/dev/null || exit 1; fi; exec "$@"'
)


@dataclass(frozen=True, kw_only=True)
class PostgresqlArgs:
    """`memory` is the limit in MiB; a quarter of it becomes shared buffers."""

    placement: Placement
    image: str
    memory: int
    cpu: str
    connections: int
    volume_size: pulumi.Input[str]


def args_of(settings: DataSettings, placement: Placement, *, volume_size: pulumi.Input[str]) -> PostgresqlArgs:
    """What the stack's settings say about PostgreSQL."""
    return PostgresqlArgs(
        placement=placement,
        image=settings.images["postgresql"],
        memory=settings.postgresql_memory,
        cpu=settings.postgresql_cpu,
        connections=settings.postgresql_connections,
        volume_size=volume_size,
    )


class Postgresql(pulumi.ComponentResource):
    """The database `todo` of the user `todo`; the password comes from a Secret that must exist before."""

    host: pulumi.Output[str]
    port: pulumi.Output[int]

    def __init__(self, name: str, args: PostgresqlArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:data:Postgresql", name, None, opts)
        service = StatefulService(
            name,
            StatefulServiceArgs(
                placement=args.placement,
                component="database",
                image=args.image,
                uid=UID,
                port=PORT,
                command=[
                    *("sh", "-c", REKEY, "sh"),
                    "docker-entrypoint.sh",
                    "postgres",
                    *_settings(memory=args.memory, connections=args.connections),
                ],
                env={
                    "POSTGRES_DB": DATABASE,
                    "POSTGRES_USER": USER,
                    "POSTGRES_PASSWORD_FILE": f"/run/secrets/{SECRET}/password",
                    "POSTGRES_INITDB_ARGS": "--auth-host=scram-sha-256 --data-checksums",
                    "PGDATA": f"{FOLDER}/pgdata",
                },
                secret=SECRET,
                secret_path=f"/run/secrets/{SECRET}",
                volume_size=args.volume_size,
                volume_path=FOLDER,
                scratch={"/var/run/postgresql": "1Mi", "/tmp": "8Mi"},  # noqa: S108 - a mount of the pod's own
                resources=resources(cpu=args.cpu, memory=args.memory),
                probes=Probes(
                    startup=exec_probe(["sh", "-c", READY], period=2, timeout=3, failures=60),
                    readiness=exec_probe(["sh", "-c", READY], period=5, timeout=3, failures=2),
                    liveness=exec_probe(["sh", "-c", ALIVE], period=10, timeout=5, failures=6),
                ),
                # SIGTERM waits for clients to leave; SIGINT ends their sessions and writes a clean checkpoint.
                lifecycle={"pre_stop": {"exec_": {"command": ["sh", "-c", "kill -INT 1"]}}},
                grace_seconds=60,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.host, self.port = service.host, service.port
        self.register_outputs({"host": self.host, "port": self.port})


def _settings(*, memory: int, connections: int) -> list[str]:
    shared = memory // 4
    chosen = {
        "listen_addresses": "*",
        "max_connections": str(connections),
        "shared_buffers": f"{shared}MB",
        "effective_cache_size": f"{shared * 2}MB",
        "work_mem": "2MB",
        "maintenance_work_mem": f"{max(8, shared // 2)}MB",
        "max_wal_size": "128MB",
        "min_wal_size": "32MB",
        "jit": "off",
        "max_parallel_workers_per_gather": "0",
        "autovacuum_max_workers": "1",
        "max_wal_senders": "0",
        "wal_level": "minimal",
        "password_encryption": "scram-sha-256",
        # A client that died with its node must not hold locks until the kernel gives up after hours.
        "tcp_keepalives_idle": "60",
        "idle_in_transaction_session_timeout": "60s",
        "log_min_duration_statement": "500ms",
        "log_lock_waits": "on",
    }
    return [word for key, value in chosen.items() for word in ("-c", f"{key}={value}")]
